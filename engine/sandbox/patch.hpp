// The three patches that say what to change: JSON merge patch (RFC 7386), JSON patch (RFC 6902), strategic merge patch.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

namespace moontide::sandbox {

void merge_patch(Json& object, const Json& patch);

/// Refuses a patch that is none (400) or cannot be carried out, a failed test among them (422).
Outcome<void> json_patch(Json& object, const Json& patch);

/// Lists are merged as the kind's schema says (x-kubernetes-patch-strategy, x-kubernetes-patch-merge-key); the
/// directives $patch, $retainKeys, $setElementOrder and $deleteFromPrimitiveList are understood.
/// `patch` keeps what is not carried out yet: refusals of the result quote it.
Outcome<void> strategic_patch(const KindRow& kind, Json& object, Json& patch);

}  // namespace moontide::sandbox
