// The copies of a unit that it no longer asks for.
#pragma once

#include "sync/board.hpp"
#include "sync/evaluation.hpp"

namespace moontide::sync {

/// Who is not there any more, so that the unit asks for nothing.
enum class Gone { nobody, source, owner };

/// Adds what exists of the unit, or is on its way to, and was not asked for: of all namespaces, or of the key's alone.
/// Withdraws the unit from contests and troubles that are over. Any worker thread.
void add_unwanted(Board& board, Evaluation& evaluation, const Unit& unit, const RunningPolicy& running,
                  const queue::Key& key, Gone gone, Evaluated& evaluated);

}  // namespace moontide::sync
