// What the registry makes of an object of a custom kind.
#pragma once

#include "sandbox/custom_kind.hpp"
#include "sandbox/status.hpp"

#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// An update through the status subresource changes nothing but the status.
void keep_but_status(Json& object, const Json& old);
bool differs_beside_metadata(const Json& object, const Json& old);

/// `old` is null for an object that is new; `subresource` is "status" or "".
void validate_custom(const CustomKind& kind, const Json& object, const Json* old, std::string_view subresource,
                     Complaints& complaints);

/// What the answer to a write warns of: finalizers whose names may be somebody else's.
std::vector<std::string> warnings_of(const Json& object, const Json* old);

}  // namespace moontide::sandbox
