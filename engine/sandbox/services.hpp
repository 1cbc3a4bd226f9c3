// What the registry makes of a Service. Nothing answers at its addresses here.
#pragma once

#include "sandbox/status.hpp"

namespace moontide::sandbox {

void default_service(Json& service);
/// Gives it addresses and node ports that it does not have yet, of 10.96.0.0/12 and 30000-32767 by its uid.
void allocate_service(Json& service);
/// An update that leaves them out keeps what was allocated.
void keep_allocated(Json& service, const Json& old);
/// `old` is null for one that is new.
void validate_service(const Json& service, const Json* old, Complaints& complaints);

}  // namespace moontide::sandbox
