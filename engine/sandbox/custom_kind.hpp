// A kind that a CustomResourceDefinition makes.
#pragma once

#include "sandbox/json_path.hpp"
#include "sandbox/kinds.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <re2/re2.h>

namespace moontide::sandbox {

/// One version of it. Immutable.
struct CustomKind {
    struct Scale {
        std::string spec_replicas;    ///< ".spec.replicas"
        std::string status_replicas;  ///< ".status.replicas"
        std::string label_selector;   ///< ".status.selector"; may be empty
    };
    struct Column {
        std::string type;
        JsonPath path;
    };

    Json schema;  ///< the structural schema (openAPIV3Schema)
    bool preserves_unknown = false;
    bool terminating = false;  ///< the definition is being deleted: nothing new is made
    std::string warning;       ///< of a deprecated version
    std::optional<Scale> scale;
    std::vector<Column> columns;
    std::vector<std::pair<std::string, JsonPath>> selectable;
    /// The schema's patterns, ready to be used.
    std::map<std::string, std::shared_ptr<const re2::RE2>> patterns;
    Json document;  ///< OpenAPI v3 of this kind alone
};

/// v1 before v1beta2 before v1alpha1 before what is no version.
/// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
std::tuple<int, int, int> version_priority(const std::string& version);

/// The rows of what the definition serves now, by its accepted names: one for each version.
std::vector<KindRow> rows_of(const Json& definition);

/// The OpenAPI v3 document of a row of these; its document is written, its schema points into it.
void publish(KindRow& row, CustomKind& custom);

}  // namespace moontide::sandbox
