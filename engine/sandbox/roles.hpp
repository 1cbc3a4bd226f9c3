// What the registry makes of roles and their bindings. They are stored here, and give or deny nothing.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

namespace moontide::sandbox {

void default_role_or_binding(Json& object);
/// `old` is null for one that is new.
void validate_role_or_binding(const KindRow& kind, const Json& object, const Json* old, Complaints& complaints);

}  // namespace moontide::sandbox
