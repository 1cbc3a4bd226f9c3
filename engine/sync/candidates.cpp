#include "sync/candidates.hpp"

#include <algorithm>
#include <unordered_set>

namespace moontide::sync {

namespace {

void withdraw(Board& board, plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    have.withdraw(target, unit.id);
    for (const auto other : have.candidates(target)) board.queue.add({other, target.namespace_name});
    const auto* record = have.record(target);
    if (record != nullptr && record->unit != unit.id) board.queue.add({record->unit, target.namespace_name});
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
    board.units.change(unit.id, [](Unit& known) { known.stands = true; });
    board.have.with([&](plan::Have& have) {
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

bool awaits_older(const Board& board, const plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    const auto candidates = have.candidates(target.whole());
    return std::ranges::any_of(candidates, [&](plan::UnitId candidate) {
        if (candidate == unit.id) return false;
        const auto other = board.units.get(candidate);
        return other && other->stands && other->older_than(unit);
    });
}

}  // namespace moontide::sync
