// Selections as texts: equal texts mean equal selections.
#pragma once

#include "policy/selection.hpp"

#include <string>

namespace moontide::sync {

/// Any thread. A `where` is told by its number, so texts of two policies that have one are compared in vain.
std::string text_of(const policy::Selection& selection);

}  // namespace moontide::sync
