#include "sync/unwanted.hpp"

#include <unordered_set>

namespace moontide::sync {

void add_unwanted(Board& board, Evaluation& evaluation, const Unit& unit, const RunningPolicy& running,
                  const queue::Key& key, Gone gone, Evaluated& evaluated) {
    std::unordered_set<plan::TargetKey, plan::TargetKeyHash> settled;
    for (const auto& asked : evaluated.asked) settled.insert(asked.target);
    std::unordered_set<plan::TargetKey, plan::TargetKeyHash> refused;
    for (const auto& refusal : evaluated.refusals) {
        if (const auto kind = board.kinds.find(refusal.kind)) {
            refused.insert({board.names.id(refusal.namespace_name), board.names.id(refusal.name), *kind});
        }
    }
    // What cannot be evaluated keeps its last good copy; what goes with its namespace needs nothing of us.
    std::unordered_set<plan::NameId> kept;
    for (const auto& refusal : evaluated.refusals) {
        if (refusal.reason == "EvaluationFailed" || refusal.reason == "NamespaceTerminating" ||
            refusal.reason == "KindNotInstalled") {
            kept.insert(board.names.id(refusal.namespace_name));
        }
    }
    std::vector<plan::TargetKey> have_targets;
    board.have.with([&](plan::Have& have) {
        for (const auto& asked : evaluated.asked) {
            // Who has the whole by now needs no part of it.
            if (asked.part && have.holder(asked.target) != unit.id) settled.insert(asked.target.part_of(unit.id));
        }
        have_targets = key.is_unit() ? have.targets_of(unit.id) : have.targets_of(unit.id, key.spot);
        // A step on its way makes what must then go again.
        const auto in_hand = have.in_hand(unit.id, key.spot);
        have_targets.insert(have_targets.end(), in_hand.begin(), in_hand.end());
        for (const auto& target : have.lost_by(unit.id, key.spot)) {
            const auto there = board.namespace_named(board.names.text(target.namespace_name));
            if (there && !there->terminating()) {
                have_targets.push_back(target);
            } else {
                have.give_up(target);  // gone with its namespace, if it was not before
            }
        }
        for (const auto& target : have.contested_by(unit.id, key.spot)) {
            if (settled.contains(target)) continue;
            have.withdraw(target, unit.id);
            const auto holder = have.holder(target);
            const auto candidates = have.candidates(target);
            // The holder may have let it go to those who waited.
            if (holder != 0 && candidates.empty()) board.queue.add({holder, target.namespace_name});
            // Where nobody holds it, a younger one may have left it to this one.
            if (holder == 0) {
                for (const auto candidate : candidates) board.queue.add({candidate, target.namespace_name});
            }
        }
        // What is still to be removed keeps its trouble, so that one that goes on is not told anew at each try.
        const std::unordered_set<plan::TargetKey, plan::TargetKeyHash> there(have_targets.begin(), have_targets.end());
        std::vector<plan::TargetKey> over;
        have.troubles().each_of(unit.id, key.spot, [&](const plan::TargetKey& target, const plan::Trouble&) {
            if (!settled.contains(target) && !refused.contains(target) && !there.contains(target))
                over.push_back(target);
        });
        for (const auto& target : over) have.troubles().erase(target, unit.id);
    });
    const auto leftover = [&](const plan::TargetKey& target) {
        if (gone == Gone::nobody) return plan::Leftover::report;
        const auto name = board.names.text(target.namespace_name);
        if (board.options.excluded_namespaces.contains(name)) return plan::Leftover::report;
        return evaluation.takes_marked(unit, running, name) ? plan::Leftover::remove : plan::Leftover::report;
    };
    const bool orphans = gone == Gone::source && unit.owner != 0 && unit.in_group == 0 &&
                         running.shape().orphans == policy::Orphans::keep;
    for (const auto& target : have_targets) {
        if (orphans && evaluation.keeps_orphan(unit, running, board.names.text(target.namespace_name))) continue;
        if (!settled.insert(target).second || kept.contains(target.namespace_name)) continue;
        evaluated.asked.push_back({.target = target, .leftover = leftover(target)});
    }
}

}  // namespace moontide::sync
