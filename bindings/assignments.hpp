// Finds what a policy's functions would keep from one evaluation to the next, before any of them runs.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace moontide::bindings {

/// An error at file:line where the text does not parse, or where a function assigns to a local outside of itself or to
/// a global. Reads the bytecode in a state of its own; nothing of the text runs.
Result<void> check_assignments(const std::string& file, std::string_view text);

}  // namespace moontide::bindings
