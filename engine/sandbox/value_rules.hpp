// The values of a custom object held against its schema, in the words of the real server's validator.
#pragma once

#include "sandbox/custom_kind.hpp"
#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

/// `value` is the whole object, or what stands at `field` ("status"). What is as it was in `old` is not complained of;
/// null where there is none.
void check_values(const CustomKind& kind, const Json& schema, const Json& value, const Json* old,
                  const std::string& field, Complaints& complaints);

}  // namespace moontide::sandbox
