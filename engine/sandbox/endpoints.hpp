// What the registry makes of Endpoints and EndpointSlices. No controller writes them here.
#pragma once

#include "sandbox/status.hpp"

namespace moontide::sandbox {

void default_endpoints(Json& endpoints);
void validate_endpoints(const Json& endpoints, Complaints& complaints);

void default_endpoint_slice(Json& slice);
/// `old` is null for one that is new.
void validate_endpoint_slice(const Json& slice, const Json* old, Complaints& complaints);

}  // namespace moontide::sandbox
