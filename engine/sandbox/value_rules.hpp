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

/// That lists of type set have no element twice, those of type map no key.
void check_lists(const Json& schema, const Json& value, const std::string& field, Complaints& complaints);

/// That replicas are counts and the selector is a text.
void check_scale_spec(const CustomKind& kind, const Json& object, Complaints& complaints);
void check_scale_status(const CustomKind& kind, const Json& object, Complaints& complaints);

}  // namespace moontide::sandbox
