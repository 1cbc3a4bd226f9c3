// Whether a source that nobody saw go is really gone: one GET.
#pragma once

#include "base/loop.hpp"
#include "sync/board.hpp"

#include <string>

namespace moontide::sync {

/// Any thread. A 404, or an object that is no longer selected, proves it and the unit is looked at again; an object
/// that is there means that the watch is behind; whatever else decides nothing, is told where it is not what was
/// `told` last, and is asked again.
void prove_gone(Board& board, Loop& io, plan::UnitId unit, const std::string& told = {});

}  // namespace moontide::sync
