// What became of all that an owner asks for -> the report of its pass.
#pragma once

#include "policy/report.hpp"
#include "status/gathering.hpp"
#include "sync/board.hpp"

#include <cstddef>
#include <vector>

namespace moontide::sync {

/// What a unit adds to its owner's report: numbers that are the same as long as the report says the same of the unit.
struct Share {
    plan::UnitId unit = 0;
    std::size_t what = 0;  ///< 0: nothing
    std::size_t when = 0;  ///< when its copies were last written
};
/// By unit, in order. Units that add nothing are not in it.
using Shares = std::vector<Share>;

/// Looks at the owner's copies, those of one source after the other, under the lock of what is known; those of other
/// owners are not touched. Without phase and generation. Any worker thread.
policy::Report report_of(Board& board, const Unit& owner, const RunningPolicy& running, status::Gathering::Lists lists,
                         Shares& shares);

/// The owner has been told of a settled pass, and a report would say the same of this unit now. What is told needs not
/// be told again then, whatever the number of the owner's units. Any worker thread, after a look at the unit.
bool is_told(Board& board, plan::UnitId unit, const RunningPolicy& running);

}  // namespace moontide::sync
