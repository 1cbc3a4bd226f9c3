// The case files beside a policy: given these objects, want these copies.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

using Json = nlohmann::json;

/// One YAML document of a case file.
///
///   title:    text, required
///   given:    objects, as kubectl shows them or short: {kind, namespace, name, labels, annotations, data, ...}
///   want:     every copy that is made, written like the objects; what the engine's claim adds is left out
///   error:    instead of want or beside it: part of the message of an error that the policy or an evaluation gives
///   refused:  maps of kind, namespace, name, reason and message (a part of it): the refusals, if it is there
///   waiting:  parts of what is told as awaited, if it is there
///   status:   fields that the owner's status must have, conditions by type and field by field; of several owners a
///             list, each with its `owner` ("namespace/name")
///   settings: over the policy's
///   excludedNamespaces: as in the configuration; default kube-system, kube-public, kube-node-lease
///   now:      RFC 3339, for `expires`; default 2026-01-01T00:00:00Z
struct Case {
    std::string title;
    int line = 1;
    std::vector<nlohmann::json> given;  ///< whole manifests, with what the API server would have filled in
    std::optional<std::vector<nlohmann::json>> want;  ///< as flat_copy() makes them
    std::optional<std::string> error;
    std::optional<std::vector<nlohmann::json>> refused;
    std::optional<std::vector<std::string>> waiting;
    std::vector<nlohmann::json> statuses;
    nlohmann::json settings = nlohmann::json::object();
    std::set<std::string, std::less<>> excluded_namespaces = {"kube-system", "kube-public", "kube-node-lease"};
    WallTime now;
};

/// All cases of a text. Errors name `file` and line, and suggest where a key is unknown.
Result<std::vector<Case>> read_cases(const std::string& text, const std::string& file);

/// The form in which copies are compared: kind, namespace, name, labels, annotations and the content's fields on one
/// level; without apiVersion where the kind is Kubernetes' own, without empty labels, annotations, data and binaryData;
/// a Secret with its type.
nlohmann::json flat_copy(const nlohmann::json& manifest);

}  // namespace moontide::bindings
