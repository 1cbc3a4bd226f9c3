// The config file: what the flags of `moontide run` do not say.
#pragma once

#include "base/result.hpp"
#include "kube/resource.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::cli {

struct PolicyConfig {
    bool enabled = true;
    nlohmann::json settings = nlohmann::json::object();  ///< laid over the policy's own
    int line = 0;
};

struct Config {
    std::set<std::string, std::less<>> excluded_namespaces = {"kube-system", "kube-public", "kube-node-lease"};
    std::string instance = "moontide";
    std::map<std::string, PolicyConfig, std::less<>> policies;
    std::optional<unsigned> most_in_flight;
    std::optional<unsigned> workers;
    std::optional<unsigned> vanished_least;
    std::optional<unsigned> vanished_percent;
    /// Kinds that are written only where they are named here: RBAC, webhooks, CRDs, cluster-scoped ones. Written as
    /// `ClusterRole`, or with the apiVersion where Kubernetes does not serve it itself: `example.com/v1/Widget`.
    std::vector<kube::Kind> kinds;
    std::vector<std::string> warnings;  ///< sections that are not read
};

/// `policies` are the names of those that could run. The error holds all mistakes, one a line, each with file:line.
Result<Config> parse_config(std::string_view text, const std::string& file, const std::vector<std::string>& policies);

/// A file's text, at most `most` bytes.
Result<std::string> read_text(const std::string& file, std::size_t most = 1UL << 20U);

}  // namespace moontide::cli
