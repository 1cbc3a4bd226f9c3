// What the demo expects of the cluster, and how far the cluster is from it.
#pragma once

#include "base/result.hpp"
#include "kube/blocking.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::cli {

/// The sources and targets by the annotations of the policy annotation-sync: each source has exactly one copy in each
/// target, with its content, and there are no other copies.
struct DemoWorld {
    std::string home = "flux-system";               ///< where the sources are
    std::map<std::string, nlohmann::json> sources;  ///< name -> data
    std::set<std::string> targets;
    std::vector<std::string> others;  ///< namespaces that did not ask, those of the system left out

    /// As the API has it now.
    static Result<DemoWorld> look(kube::Blocking& api);

    std::size_t copies() const { return sources.size() * targets.size(); }
    std::vector<std::string> target_list() const { return {targets.begin(), targets.end()}; }
    /// What differs in a list of all ConfigMaps, a few words each; empty where all is as expected.
    std::vector<std::string> differences(const nlohmann::json& config_maps) const;
};

}  // namespace moontide::cli
