// Values as Go's fmt prints them: refusals of the real server quote what it decoded.
#pragma once

#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

/// %v of a value that was decoded from JSON: `map[a:1 b:[x y]]`.
std::string in_go(const Json& value);

/// %T of the same: `map[string]interface {}`.
std::string go_type(const Json& value);

/// %#v of one that structured-merge-diff has wrapped.
std::string wrapped_in_go(const Json& value);

}  // namespace moontide::sandbox
