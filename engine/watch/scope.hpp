// What one watch asks the server for.
#pragma once

#include "kube/resource.hpp"

#include <string>

namespace moontide::watch {

/// As narrow as the policies' literals allow.
struct Scope {
    kube::Resource resource;
    std::string namespace_name;  ///< empty: all
    std::string label_selector;  ///< the server's text forms
    std::string field_selector;
    bool metadata_only = false;  ///< PartialObjectMetadata

    /// "configmaps in flux-system", for logs, metrics and /readyz.
    std::string text() const;
    auto operator<=>(const Scope&) const = default;
};

}  // namespace moontide::watch
