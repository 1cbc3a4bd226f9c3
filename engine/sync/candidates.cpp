#include "sync/candidates.hpp"

#include <algorithm>
#include <unordered_set>

namespace moontide::sync {

namespace {

void withdraw(Board& board, plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    have.withdraw(target, unit.id);
    for (const auto other : have.candidates(target)) board.queue.add({other, target.namespace_name});
    const auto holder = have.holder(target);
    if (holder != 0 && holder != unit.id) board.queue.add({holder, target.namespace_name});
}

/// What a younger one has ordered and nobody has sent is not sent any more.
void call_back(Board& board, plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    const auto* ticket = have.ticket(target);
    if (ticket == nullptr || ticket->sent || !ticket->creates || ticket->unit == unit.id) return;
    const auto other = board.units.get(ticket->unit);
    if (!other || !unit.older_than(*other)) return;
    for (const auto one : ticket->again) board.queue.add({one, target.namespace_name});
    board.queue.add({ticket->unit, target.namespace_name});
    have.close(target);
}

}  // namespace

void stand(Board& board, const Unit& unit, const queue::Key& key, const Evaluated& evaluated) {
    std::unordered_set<plan::TargetKey, plan::TargetKeyHash> wanted;
    for (const auto& asked : evaluated.asked) {
        // Parts have room beside each other.
        if (asked.wish != nullptr && !asked.part) wanted.insert(asked.target);
    }
    board.have.with([&](plan::Have& have) {
        // It has moved on since it was evaluated, and is looked at again: nobody is to wait for what it asked for then.
        if (board.units.generation(unit.id) != unit.generation) return;
        board.units.change(unit.id, [](Unit& known) { known.stands = true; });
        for (const auto& target : have.contested_by(unit.id, key.spot)) {
            if (!wanted.contains(target)) withdraw(board, have, unit, target);
        }
        for (const auto& target : wanted) {
            have.contest(target, unit.id);
            call_back(board, have, unit, target);
        }
    });
}

void step_back(Board& board, const Unit& unit) {
    board.have.with([&](plan::Have& have) {
        for (const auto& target : have.contested_by(unit.id)) withdraw(board, have, unit, target);
    });
}

plan::UnitId older_that_stands(const Board& board, const plan::Have& have, const Unit& unit,
                               const plan::TargetKey& target) {
    for (const auto candidate : have.candidates(target.whole())) {
        if (candidate == unit.id) continue;
        const auto other = board.units.get(candidate);
        if (other && other->stands && other->older_than(unit)) return candidate;
    }
    return 0;
}

}  // namespace moontide::sync
