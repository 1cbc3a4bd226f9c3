#include "sync/owner_settling.hpp"

#include "sync/finalizers.hpp"
#include "sync/owner_report.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/rows.hpp"
#include "sync/statuses.hpp"

#include <algorithm>

namespace moontide::sync {

void OwnerSettling::look_at(const Unit& owner, const RunningPolicy& running) {
    if (board_.statuses) board_.statuses->look_begins(owner.id);
    const bool busy = is_busy(owner);
    if (busy) {
        // The end of that is told.
    } else if (owner.presence != Presence::present) {
        board_.finalizers->forget(owner.id);
        if (board_.rows) board_.rows->forget(owner);
    } else if (owner.terminating) {
        ending(owner, running);
    } else if (asking(board_, owner) == Asking::yes) {
        keep_rows(owner, running);
    }
    const bool rows_come = board_.rows && board_.rows->is_busy(owner);
    status_.tell(owner, running, busy || rows_come, OwnerStatus::When::in_turn);
}

bool OwnerSettling::is_as_told(const Unit& owner, const RunningPolicy& running) {
    const auto questions = board_.statuses ? board_.statuses->questions(owner.id) : std::nullopt;
    const auto object = Evaluation::is_in_feeds(owner.bond.owner, running);
    if (!questions || !object || !board_.statuses->stands(owner.id, *object)) return false;
    bool under_way = false;
    for (const auto id : *questions) {
        if (is_told(board_, id, running)) continue;
        const auto unit = board_.units.get(id);
        const bool moves =
            unit && (unit->is_open() || board_.have.with([&](const plan::Have& have) { return have.has_ticket(id); }));
        if (!moves) return false;
        under_way = true;
    }
    if (!under_way) {
        board_.statuses->pass_ended(owner.id);
        return true;
    }
    const auto due = board_.statuses->long_in(owner.id);
    if (due == Milliseconds(0)) return false;
    for (const auto id : *questions) board_.statuses->question(owner.id, id);
    board_.queue.add_after({owner.id, settle_spot}, due, queue::Urgency::idle, queue::Delay::planned);
    return true;
}

bool OwnerSettling::is_busy(const Unit& owner) const {
    if (board_.units.has_open(owner.id)) return true;
    if (!owner.terminating && board_.finalizers->is_busy(owner.id)) return true;
    // Of the owner's units and those with a step under way, the fewer are asked.
    const auto of_it = board_.units.count_of_owner(owner.id);
    const auto answer = board_.have.with([&](const plan::Have& have) -> std::optional<bool> {
        if (have.units_with_tickets() > of_it) return std::nullopt;
        return have.any_with_ticket([&](plan::UnitId unit) { return board_.units.owner_of(unit) == owner.id; });
    });
    if (answer) return *answer;
    const auto units = board_.units.of_owner(owner.id);
    return board_.have.with([&](const plan::Have& have) {
        return std::ranges::any_of(units, [&](plan::UnitId unit) { return have.has_ticket(unit); });
    });
}

/// The finalizer stays until nothing of the owner is left: what is known of is asked for first, and then the server.
void OwnerSettling::ending(const Unit& owner, const RunningPolicy& running) {
    if (!owner.held || running.shape().finalizer.empty() || board_.options.dry_run) return;
    const auto units = board_.units.of_owner(owner.id);
    const bool more = board_.have.with([&](const plan::Have& have) {
        return std::ranges::any_of(units, [&](plan::UnitId unit) {
            // What is being deleted is no work of ours any more; the server says what holds it.
            const auto targets = have.targets_of(unit);
            return std::ranges::any_of(targets,
                                       [&](const plan::TargetKey& target) {
                                           const auto standing = have.standing(target);
                                           const auto* record = std::get_if<plan::Record>(&standing);
                                           return record != nullptr && !record->terminating;
                                       }) ||
                   !have.lost_by(unit, 0).empty();
        });
    });
    if (more) return;
    std::optional<kube::Ref> database;
    if (board_.rows && running.shape().has_store) {
        auto found = database_of(running, Evaluation::is_in_feeds(owner.bond.owner, running));
        // Failure is not absence: the rows may be there.
        if (!found) return report_.policy_error(owner.id, found.error().message);
        database = std::move(*found);
    }
    board_.finalizers->let_go(owner.id, std::move(database));
}

Result<std::optional<kube::Ref>> OwnerSettling::database_of(const RunningPolicy& running,
                                                            const kube::ObjectPtr& owner) {
    policy::Inputs inputs;
    inputs.owner = owner;
    return evaluation_.evaluator(running).store(inputs);
}

void OwnerSettling::keep_rows(const Unit& owner, const RunningPolicy& running) {
    if (!board_.rows || !running.shape().has_store || board_.options.dry_run) return;
    const auto selected = board_.owner_sources->selected(owner.id);
    if (!selected) return;
    const auto database = database_of(running, selected->owner);
    if (!database) return report_.policy_error(owner.id, database.error().message);
    // Rows hold an owner as copies do.
    if (*database && !running.shape().finalizer.empty() && !owner.held) return board_.finalizers->hold(owner.id);
    Rows::Sources sources;
    for (const auto id : board_.units.of_owner(owner.id)) {
        const auto unit = board_.units.get(id);
        if (!unit || !unit->bond.group.empty()) continue;
        if (unit->presence == Presence::present) {
            auto source = evaluation_.source(*unit, unit->bond.source, running);
            if (!source) return;
            if (*source) sources.there.push_back(std::move(*source));
        } else if (unit->presence == Presence::vanished || unit->presence == Presence::unknown) {
            // A row stays as long as the copies do.
            const bool has_copies =
                board_.have.with([&](const plan::Have& have) { return have.has_to_do_with(unit->id); });
            if (has_copies) sources.unproven.push_back(unit->bond.source);
        }
    }
    board_.rows->keep(owner, *database, sources);
}

}  // namespace moontide::sync
