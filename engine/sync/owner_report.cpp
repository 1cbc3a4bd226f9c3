#include "sync/owner_report.hpp"

#include "policy/absent.hpp"
#include "sync/finalizers.hpp"
#include "sync/owner_sources.hpp"
#include "sync/report.hpp"
#include "sync/rows.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace moontide::sync {

namespace {

/// One owner's copies, told to a gathering.
class Telling {
public:
    Telling(Board& board, status::Gathering& gathering) : board_(board), gathering_(gathering) {}

    void tell(plan::Have& have, const Unit& unit) {
        std::set<plan::TargetKey> told;  // in trouble
        have.troubles().each_of(unit.id, 0, [&](const plan::TargetKey& target, const plan::Trouble& trouble) {
            told.insert(target.whole());
            const auto kind = board_.kinds.resource(target.kind).kind.kind;
            gathering_.failed(text(target.namespace_name), kept(kind), text(target.name), kept(trouble.reason),
                              kept(trouble.message));
            if (trouble.reason == "HeldByOther") tell_holder(have, target);
        });
        for (const auto& target : have.targets_of(unit.id)) tell(have, unit, target, told);
        // What was written a moment ago, or is about to be, is not among the records yet.
        for (const auto& target : have.in_hand(unit.id, 0)) {
            const auto* record = have.record(target);
            if (record == nullptr || record->unit != unit.id) tell(have, unit, target, told);
        }
    }

private:
    void tell(plan::Have& have, const Unit& unit, const plan::TargetKey& target,
              const std::set<plan::TargetKey>& told) {
        if (!told.empty() && told.contains(target.whole())) return;
        const auto standing = have.standing(target);
        const auto* record = std::get_if<plan::Record>(&standing);
        const auto* ticket = have.ticket(target);
        if (ticket != nullptr && ticket->unit == unit.id) {
            gathering_.pending(text(target.namespace_name));
        } else if (record != nullptr && record->unit == unit.id && !record->terminating) {
            gathering_.synced(text(target.namespace_name));
        }
    }

    void tell_holder(const plan::Have& have, const plan::TargetKey& target) {
        const auto standing = have.standing(target.whole());
        const auto* record = std::get_if<plan::Record>(&standing);
        const auto holder = record == nullptr ? std::nullopt : board_.units.get(record->unit);
        if (holder) gathering_.held_by(asker_text(holder->bond));
    }

    /// Interned names live as long as something has them; what only passes by is kept here.
    std::string_view kept(const std::string& text) { return texts_.emplace_back(text); }
    std::string_view text(plan::NameId name) { return kept(board_.names.text(name)); }

    Board& board_;
    status::Gathering& gathering_;
    std::deque<std::string> texts_;
};

/// Its copies are what it asks for: it has a source, and is not a source that its group speaks for.
bool asks(const Unit& unit) {
    if (!unit.bond.group.empty()) return !unit.members.empty();
    return unit.presence == Presence::present && unit.in_group == 0;
}

}  // namespace

policy::Report report_of(Board& board, const Unit& owner, const RunningPolicy& running,
                         status::Gathering::Lists lists) {
    status::Gathering gathering(lists);
    Telling telling(board, gathering);
    const auto selected = board.owner_sources->selected(owner.id);
    for (const auto id : board.units.of_owner(owner.id)) {
        const auto unit = board.units.get(id);
        if (!unit || (!asks(*unit) && !owner.terminating)) continue;
        const auto& source = unit->bond.source;
        if (!source.name.empty() && !running.shape().owner_is_source) {
            gathering.source(source.namespace_name, source.name,
                             unit->changed.empty() ? std::nullopt : std::optional(unit->changed));
        }
        for (const auto& text : unit->waiting) gathering.waiting(text);
        if (!unit->error.empty()) gathering.failed({}, source.kind.kind, source.name, "EvaluationFailed", unit->error);
        board.have.with([&](plan::Have& have) { telling.tell(have, *unit); });
    }
    if (selected) {
        // Where another selection says what the sources are, one that does not is no lack.
        if (selected->from.empty()) {
            for (const auto& text : selected->waiting) gathering.waiting(text);
        }
        const auto absent = policy::absent(
            selected->from, [&](const kube::Ref& ref) { return board.owner_sources->find(ref) != nullptr; });
        for (const auto& text : absent) gathering.missing(text);
    }
    const auto trouble = board.owner_sources->trouble(owner.id);
    if (!trouble.empty()) gathering.waiting(trouble);
    if (owner.terminating) {
        if (const auto held = board.finalizers->waiting(owner.id); !held.empty()) gathering.waiting(held);
    }

    auto report = gathering.take();
    if (board.rows) report.store = board.rows->state(owner);
    report.error = owner.error;
    if (!owner.changed.empty()) report.changed = std::max(report.changed, std::optional(owner.changed));
    return report;
}

}  // namespace moontide::sync
