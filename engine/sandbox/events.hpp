// What the registry makes of an Event, of the core group or of events.k8s.io. Both are the same objects.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

namespace moontide::sandbox {

void default_event(const KindRow& kind, Json& event);
/// `old` is null for one that is new. Complaints name the core group's fields, as the real server's do.
void validate_event(const KindRow& kind, const Json& event, const Json* old, Complaints& complaints);

}  // namespace moontide::sandbox
