// What the structural schema of a custom kind makes of an object: unknown fields go, defaults come.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
#pragma once

#include "sandbox/custom_kind.hpp"
#include "sandbox/schema.hpp"

namespace moontide::sandbox {

/// The same as fit() does for kinds that are built in.
Decoded fit_custom(const CustomKind& kind, Json& object);

/// Removes what the schema does not know of a value that is no whole object; the schema's own defaults are such.
void prune(Json& value, const Json& schema);

}  // namespace moontide::sandbox
