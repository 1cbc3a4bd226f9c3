// The kind that an object's own text names.
#pragma once

#include "kube/object.hpp"
#include "kube/resource.hpp"

#include <optional>

namespace moontide::policy {

/// `apiVersion` and `kind` of the object; nothing where it does not say, as items of a server's typed lists do not.
/// Walks over the text once; any thread.
std::optional<kube::Kind> kind_of(const kube::Object& object);

/// Whether two kinds are the same but for the version, which says how an object is shown and not which it is.
bool same_kind(const kube::Kind& one, const kube::Kind& other);

}  // namespace moontide::policy
