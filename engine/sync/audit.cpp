#include "sync/audit.hpp"

#include "base/log.hpp"
#include "sync/owners.hpp"
#include "sync/planner.hpp"
#include "sync/unwanted.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {
/// What is on its way through the rooms has arrived by then.
constexpr Milliseconds second_look{5'000};
}  // namespace

void Audit::begin() {
    if (board_.options.audit_every <= Milliseconds(0)) return;
    io_.after(board_.options.audit_every, [this] { round(); });
}

void Audit::round() {
    if (board_.stopping) return;
    for (const auto& running : board_.policies) {
        if (!running->ready || !running->looked) continue;
        for (const auto unit : board_.units.of_policy(running->index)) {
            board_.queue.add({unit, audit_spot}, queue::Urgency::idle);
        }
    }
    begin();
}

void Audit::found(plan::UnitId id, std::vector<Difference> differences) {
    auto before = suspects_.with([&](auto& suspects) {
        auto node = suspects.extract(id);
        return node.empty() ? std::map<plan::TargetKey, std::string>() : std::move(node.mapped());
    });
    const auto unit = board_.units.get(id);
    if (!unit || differences.empty()) return;
    std::map<plan::TargetKey, std::string> now;
    for (auto& difference : differences) {
        const auto known = before.find(difference.target);
        if (known == before.end() || known->second != difference.what) {
            now.emplace(difference.target, std::move(difference.what));
            continue;
        }
        const auto target = board_.describe(difference.target);
        board_.metrics.audit_difference(unit->bond.policy);
        log::error("the hourly check found what no event has told, which is a bug of Moontide; it is put right",
                   {{"policy", unit->bond.policy},
                    {"source", source_text(unit->bond)},
                    {"unit", std::to_string(id)},
                    {log_kind(target.kind.kind), target.namespace_name + "/" + target.name},
                    {"step", difference.what},
                    {"reason", difference.why}});
        board_.queue.add({id, difference.target.namespace_name});
    }
    if (now.empty()) return;
    suspects_.with([&](auto& suspects) { suspects[id] = std::move(now); });
    const auto delay = std::min(second_look, board_.options.audit_every);
    board_.queue.add_after({id, audit_spot}, delay, queue::Urgency::idle, queue::Delay::planned);
}

std::vector<Difference> Planner::audit(plan::UnitId id) {
    const auto unit = board_.units.get(id);
    auto* running = unit ? board_.running(unit->policy) : nullptr;
    if (running == nullptr || !running->ready || !running->looked) return {};
    const auto what = evaluation_.subject(*unit, *running);
    if (!what) return {};
    if (unit->is_owner()) return {};
    const bool gone = !*what || unit->in_group != 0;
    const auto owner = unit->owner == 0 ? std::nullopt : board_.units.get(unit->owner);
    const auto asks = owner ? asking(board_, *owner) : Asking::yes;
    // What only vanished is the gate's and the proof's.
    const bool told = unit->presence == Presence::deleted || unit->presence == Presence::proven || unit->in_group != 0;
    if (gone && (asks == Asking::unknown || (asks == Asking::yes && !told))) return {};
    Evaluated evaluated;
    if (!gone) {
        auto made = evaluation_.evaluate(*unit, *running, **what, std::nullopt);
        if (!made || made->incomplete) return {};
        evaluated = std::move(*made);
    }
    const auto who = !gone ? Gone::nobody : asks == Asking::ended ? Gone::owner : Gone::source;
    add_unwanted(board_, evaluation_, *unit, *running, {id, 0}, who, evaluated);

    std::vector<Difference> differences;
    board_.have.with([&](plan::Have& have) {
        for (const auto& asked : evaluated.asked) {
            if (auto difference = decisions_.compare(have, *unit, *running, asked)) {
                differences.push_back(std::move(*difference));
            }
        }
    });
    // What it was evaluated from has changed meanwhile, and the look at that is on its way.
    if (board_.units.generation(id) != unit->generation) return {};
    return differences;
}

std::optional<Difference> Decisions::compare(plan::Have& have, const Unit& unit, const RunningPolicy& running,
                                             const Asked& asked) const {
    if (running.gate.holds(Gate::Drop{unit.id, asked.target.namespace_name})) return std::nullopt;
    for (const auto& target : {asked.target.whole(), asked.target.part_of(unit.id)}) {
        // Somebody has it in hand: a step, an answer, a retry, a contest, a repair that waits.
        if (have.ticket(target) != nullptr || have.sighting(target) != nullptr || have.troubles().contains(target) ||
            !have.candidates(target).empty()) {
            return std::nullopt;
        }
        const auto rivalry = have.rivalries().find(target);
        if (rivalry != have.rivalries().end() && rivalry->second.again) return std::nullopt;
    }
    const auto choice = choose(have, unit, asked);
    const auto* record = std::get_if<plan::Record>(&choice.standing);
    if (record != nullptr && record->unit != unit.id) return std::nullopt;
    const auto decision =
        plan::diff(choice.target, choice.wish.get(), choice.standing, plan::Holder::self, asked.leftover);
    const auto* step = std::get_if<plan::Do>(&decision);
    if (step == nullptr) return std::nullopt;
    auto text = std::string(plan::name(step->step));
    if (record != nullptr) text += " at " + std::to_string(record->resource_version);
    if (choice.wish) text += " to " + choice.wish->hash.hex();
    return Difference{choice.target, std::move(text), std::string(step->why)};
}

}  // namespace moontide::sync
