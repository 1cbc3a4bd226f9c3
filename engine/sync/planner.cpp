#include "sync/planner.hpp"

#include "sync/candidates.hpp"
#include "sync/finalizers.hpp"
#include "sync/owner_report.hpp"
#include "sync/owner_sources.hpp"
#include "sync/unwanted.hpp"

#include <algorithm>
#include <utility>

namespace moontide::sync {

Planner::Planner(Board& board, Reach& reach, Report& report, Companions& companions,
                 std::function<void(plan::UnitId)> prove, std::uint64_t seed)
    : board_(board),
      reach_(reach),
      report_(report),
      companions_(companions),
      prove_(std::move(prove)),
      evaluation_(board, reach, companions),
      decisions_(board, report, evaluation_, seed),
      owners_(board, report, evaluation_, prove_),
      settling_(board, report, evaluation_) {}

void Planner::look_at(const queue::Key& key, queue::Urgency urgency) {
    auto unit = board_.units.get(key.unit);
    if (!unit) return;
    auto* running = board_.running(unit->policy);
    if (running == nullptr || !running->ready) return;
    if (unit->is_owner()) return look_at_owner(*unit, *running, key);
    if (running->shape().has_group && unit->bond.group.empty()) {
        regroup(*unit, *running);
        unit = board_.units.get(key.unit);
        if (!unit) return;
    }

    const auto began = std::chrono::steady_clock::now();
    // What a start finds; what events tell meanwhile is evidence.
    const bool first_look = !running->looked && key.is_unit();
    bool failed_to = false;
    bool stands = false;
    auto what = evaluation_.subject(*unit, *running);
    if (!what) {
        failed_to = true;
        failed(*unit, what.error().message);
    } else if (!*what || unit->in_group != 0) {
        take_down(*unit, *running, key);
    } else {
        take_identity(*unit, **what);
        std::optional<std::string> only;
        if (!key.is_unit()) only = board_.names.text(key.spot);
        auto evaluated = evaluation_.evaluate(*unit, *running, **what, only);
        if (evaluated && key.is_unit()) {
            board_.units.change(unit->id, [&](Unit& known) {
                known.incomplete = evaluated->incomplete;
                known.waiting = evaluated->waiting;
            });
        }
        if (!evaluated) {
            failed_to = true;
            failed(*unit, evaluated.error().message);
        } else if (evaluated->incomplete) {
            stands = unit->stands;
        } else if (!is_held(*unit, *running, *evaluated, key)) {
            stands = true;
        } else {
            const bool counts = first_look && !evaluated->owner_decides;
            add_unwanted(board_, evaluation_, *unit, *running, key, Gone::nobody, *evaluated);
            let_go(*unit, *running, key, *evaluated);
            decisions_.carry_out(*unit, *running, std::move(*evaluated), urgency == queue::Urgency::front, counts);
        }
    }
    if (key.is_unit()) {
        board_.units.change(unit->id, [&](Unit& known) {
            known.stands = stands;
            known.looked_at = unit->generation;
            if (!failed_to) known.error.clear();
        });
    }
    look_for_owner(*unit);
    if (unit->owner != 0 && !is_told(board_, unit->id, *running)) unit_stirred(board_, *unit);
    board_.metrics.reconciled(running->shape().name, key.is_unit() ? "unit" : "spot",
                              std::chrono::steady_clock::now() - began, failed_to);
}

void Planner::look_for_owner(const Unit& unit) {
    const auto owner = unit.owner == 0 ? std::nullopt : board_.units.get(unit.owner);
    if (owner && owner->presence == Presence::vanished) board_.queue.add({owner->id, 0});
}

void Planner::look_at_owner(const Unit& owner, RunningPolicy& running, const queue::Key& key) {
    const auto began = std::chrono::steady_clock::now();
    std::string_view kind = "owner";
    if (key.is_unit()) owners_.look_at(owner, running);
    if (key.spot == settle_spot) {
        kind = settling_.is_as_told(owner, running) ? "as_told" : "settled";
        if (kind == "settled") settling_.look_at(owner, running);
    } else {
        owner_stirred(board_, owner);
    }
    board_.metrics.reconciled(running.shape().name, kind, std::chrono::steady_clock::now() - began, false);
}

void Planner::failed(const Unit& unit, const std::string& why) {
    step_back(board_, unit);
    report_.policy_error(unit.id, why);
    board_.units.change(unit.id, [&](Unit& known) { known.error = why; });
}

void Planner::take_identity(Unit& unit, const policy::Subject& subject) {
    board_.units.change(unit.id, [&](Unit& known) {
        const auto& first = *subject.sources.front();
        known.created = subject.owner ? subject.owner->creation_timestamp() : first.creation_timestamp();
        if (known.bond.group.empty()) known.bond.source_uid = first.uid();
        if (subject.owner) known.bond.owner_uid = subject.owner->uid();
        unit.bond = known.bond;
        unit.created = known.created;
    });
}

bool Planner::is_held(const Unit& unit, const RunningPolicy& running, const Evaluated& evaluated,
                      const queue::Key& key) {
    if (unit.owner == 0 || running.shape().finalizer.empty() || board_.options.dry_run) return true;
    const bool wants = std::ranges::any_of(evaluated.asked, [](const Asked& asked) { return asked.wish != nullptr; });
    const auto owner = wants ? board_.units.get(unit.owner) : std::nullopt;
    if (!owner || owner->held) return true;
    if (board_.finalizers->waiting(unit.owner).empty()) {
        stand(board_, unit, key, evaluated);
    } else {
        step_back(board_, unit);
    }
    board_.finalizers->hold(unit.owner);  // when it is on, the owner's units are looked at again
    return false;
}

void Planner::regroup(const Unit& unit, const RunningPolicy& running) {
    const auto object = evaluation_.source(unit, unit.bond.source, running);
    if (!object) {
        report_.policy_error(unit.id, object.error().message);
        return;
    }
    plan::UnitId group = 0;
    if (*object) {
        policy::Inputs inputs;
        inputs.sources = {*object};
        if (const auto selected = unit.owner == 0 ? nullptr : board_.owner_sources->selected(unit.owner))
            inputs.owner = selected->owner;
        auto text = evaluation_.evaluator(running).group(inputs);
        if (!text) {
            report_.policy_error(unit.id, text.error().message);
            return;
        }
        if (*text) {
            plan::Bond bond;
            bond.policy = unit.bond.policy;
            bond.owner = unit.bond.owner;
            bond.owner_uid = unit.bond.owner_uid;
            bond.group = **text;
            group = board_.units.id(bond, running.index);
        }
    } else if (unit.presence != Presence::deleted && unit.presence != Presence::proven) {
        return;  // a member that only vanished stays one until it is proven
    }
    const auto before = unit.in_group;
    board_.units.change(unit.id, [&](Unit& known) { known.in_group = group; });
    if (before != 0 && before != group) {
        board_.units.change(before, [&](Unit& known) {
            known.members.erase(unit.bond.source);
            ++known.generation;
            if (known.members.empty()) known.presence = Presence::deleted;
        });
        board_.queue.add({before, 0});
    }
    if (group != 0) {
        board_.units.change(group, [&](Unit& known) {
            known.members.insert(unit.bond.source);
            ++known.generation;
            known.presence = Presence::present;
        });
        board_.policies[running.index]->gate.returned(group);
        board_.queue.add({group, 0});
    }
}

void Planner::take_down(const Unit& unit, const RunningPolicy& running, const queue::Key& key) {
    auto& gate = board_.policies[running.index]->gate;
    // What is kept of it says again which namespaces concern it.
    if (key.is_unit()) reach_.forget(unit.id);
    companions_.forget(unit.id);
    const bool has_copies = board_.have.with([&](const plan::Have& have) { return have.has_to_do_with(unit.id); });
    const auto owner = unit.owner == 0 ? std::nullopt : board_.units.get(unit.owner);
    const auto asks = owner ? asking(board_, *owner) : Asking::yes;
    if (asks == Asking::unknown) {
        // Whether the owner still asks is found out by a look at it.
        if (has_copies && running.looked) board_.queue.add({owner->id, 0});
        return;
    }
    const bool told = unit.presence == Presence::deleted || unit.presence == Presence::present ||
                      unit.presence == Presence::proven || unit.in_group != 0 || asks == Asking::ended;
    if (!told && has_copies) {
        // Nobody saw it go. It counts as a cause, and unless there are too many a GET decides.
        if (!key.is_unit()) return;
        if (!running.looked || gate.holds(unit.id)) {
            gate.vanished(unit.id);
            return;
        }
        if (unit.bond.group.empty()) {
            prove_(unit.id);
            return;
        }
    }
    // They go with the source, whether their namespaces ask or not.
    gate.looked(unit.id, key.spot, [](plan::NameId) { return false; });
    Evaluated nothing;
    const auto gone = asks == Asking::ended ? Gone::owner : Gone::source;
    add_unwanted(board_, evaluation_, unit, running, key, gone, nothing);
    decisions_.carry_out(unit, *board_.policies[running.index], std::move(nothing), false, false);
}

void Planner::let_go(const Unit& unit, RunningPolicy& running, const queue::Key& key, const Evaluated& evaluated) {
    // The records are taken before the gate, as where steps are decided: the other order would be a deadlock.
    board_.have.with([&](const plan::Have& have) {
        running.gate.looked(unit.id, key.spot, [&](plan::NameId namespace_name) {
            bool wanted = false;
            for (const auto& asked : evaluated.asked) {
                if (asked.target.namespace_name != namespace_name) continue;
                if (!asked.wish) return true;
                wanted = true;
            }
            // What could not be evaluated keeps its copy, and that copy its place here.
            return !wanted && !have.targets_of(unit.id, namespace_name).empty();
        });
    });
}

}  // namespace moontide::sync
