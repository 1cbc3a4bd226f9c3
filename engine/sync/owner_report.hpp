// What became of all that an owner asks for -> the report of its pass.
#pragma once

#include "policy/report.hpp"
#include "status/gathering.hpp"
#include "sync/board.hpp"

namespace moontide::sync {

/// Looks at the owner's copies, those of one source after the other, under the lock of what is known; those of other
/// owners are not touched. Without phase and generation. Any worker thread.
policy::Report report_of(Board& board, const Unit& owner, const RunningPolicy& running, status::Gathering::Lists lists);

}  // namespace moontide::sync
