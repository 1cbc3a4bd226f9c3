// What x-kubernetes-list-type demands of lists: a set has no element twice, a map no key.
#pragma once

#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

/// Of all lists in `value`, which stands at `field` ("" for the whole object) and is as `schema` says.
void check_lists(const Json& schema, const Json& value, const std::string& field, Complaints& complaints);

}  // namespace moontide::sandbox
