// The scale subresource: the replicas of an object as a Scale of autoscaling/v1.
#pragma once

#include "sandbox/custom_kind.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

namespace moontide::sandbox {

/// The kind Scale, which is served nowhere but there.
const KindRow& scale_kind();

/// Refuses an object that says nothing of replicas.
Outcome<Json> scale_of(const KindRow& kind, const Json& object);
/// The same with no replicas in that case, to be patched.
Json scale_or_none(const KindRow& kind, Json object);

/// The object with the replicas that the Scale asks for; its resourceVersion, where it has one, becomes the object's.
Outcome<Json> scaled(const KindRow& kind, Json object, const Json& scale);

/// What a Scale that is applied says of the object itself: which one, and how many.
Outcome<Json> applied_scale(const KindRow& kind, const Json& object, const Json& scale);

/// That an object of a custom kind has counts where its replicas are said to be.
void check_scale_spec(const CustomKind& kind, const Json& object, Complaints& complaints);
void check_scale_status(const CustomKind& kind, const Json& object, Complaints& complaints);

}  // namespace moontide::sandbox
