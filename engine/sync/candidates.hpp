// Who waits for a target that somebody else has, or that is not theirs to write yet.
#pragma once

#include "sync/board.hpp"
#include "sync/evaluation.hpp"

namespace moontide::sync {

// Any worker thread.

/// For a unit whose owner does not carry its finalizer yet, so that nothing may be written for it: makes it a candidate
/// for what it asks for, in all namespaces or in the key's alone. A younger one leaves that to it until its whole look
/// has gone on from there. The unit's next whole look ends that.
void stand(Board& board, const Unit& unit, const queue::Key& key, const Evaluated& evaluated);
/// Of a unit that cannot have what it asks for: whoever waits for it is looked at again.
void step_back(Board& board, const Unit& unit);
/// Who has, or is to have, a part of another's copy takes that over where it is let go, unless it is to be there by
/// others' doing alone.
inline bool may_inherit(const plan::Wish& wish) {
    return wish.existing == policy::Existing::merge;
}
/// Whether that unit waits so, of a target that it wants something of; null: nothing.
inline bool waits_beside(const plan::Have& have, const plan::Wish* wish, const plan::TargetKey& target,
                         plan::UnitId unit) {
    return wish != nullptr && may_inherit(*wish) && have.is_beside(target, unit);
}
/// Where nobody has the target: an older unit that stands for it and will have it; 0: none.
plan::UnitId older_that_stands(const Board& board, const plan::Have& have, const Unit& unit,
                               const plan::TargetKey& target);

}  // namespace moontide::sync
