#include "sync/owner_report.hpp"

#include "policy/absent.hpp"
#include "sync/finalizers.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/report.hpp"
#include "sync/rows.hpp"
#include "sync/statuses.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace moontide::sync {

namespace {

/// Sums up what is told of a unit.
class Summing {
public:
    void source(std::string_view namespace_name, std::string_view name, const std::optional<std::string>& changed) {
        add("source", namespace_name, name);
        share_.when = std::hash<std::string_view>()(changed ? *changed : std::string_view());
    }
    void synced(std::string_view namespace_name) { add("synced", namespace_name); }
    void pending(std::string_view namespace_name) { add("pending", namespace_name); }
    void failed(std::string_view namespace_name, std::string_view kind, std::string_view name, std::string_view reason,
                std::string_view message) {
        add("failed", namespace_name, kind, name, reason, message);
    }
    void held_by(std::string_view holder) { add("held", holder); }
    void waiting(std::string_view text) { add("waiting", text); }

    Share take(plan::UnitId unit) {
        share_.unit = unit;
        return std::exchange(share_, Share());
    }

private:
    void add(auto... texts) {
        for (const std::string_view text : {std::string_view(texts)...}) {
            // boost::hash_combine's way, so that the order counts.
            auto& sum = share_.what;
            sum ^= std::hash<std::string_view>()(text) + 0x9e3779b97f4a7c15ULL + (sum << 6U) + (sum >> 2U);
        }
    }

    Share share_;
};

/// For a report and its share at once.
class Both {
public:
    explicit Both(status::Gathering& gathering) : gathering_(gathering) {}

    void source(const std::string& namespace_name, const std::string& name, const std::optional<std::string>& changed) {
        gathering_.source(namespace_name, name, changed);
        share_.source(namespace_name, name, changed);
    }
    void synced(std::string_view namespace_name) {
        gathering_.synced(namespace_name);
        share_.synced(namespace_name);
    }
    void pending(std::string_view namespace_name) {
        gathering_.pending(namespace_name);
        share_.pending(namespace_name);
    }
    void failed(std::string_view namespace_name, std::string_view kind, std::string_view name, std::string_view reason,
                std::string_view message) {
        gathering_.failed(namespace_name, kind, name, reason, message);
        share_.failed(namespace_name, kind, name, reason, message);
    }
    void held_by(std::string_view holder) {
        gathering_.held_by(holder);
        share_.held_by(holder);
    }
    void waiting(const std::string& text) {
        gathering_.waiting(text);
        share_.waiting(text);
    }

    /// Of what was told since the last one.
    Share take(plan::UnitId unit) { return share_.take(unit); }

private:
    status::Gathering& gathering_;
    Summing share_;
};

/// Units and their copies, told to a gathering or the like. Its texts live as long as it does.
template <typename Listener>
class Telling {
public:
    Telling(Board& board, Listener& listener) : board_(board), listener_(listener) {}

    void tell(const Unit& unit, const RunningPolicy& running) {
        const auto& source = unit.bond.source;
        if (!source.name.empty() && !running.shape().owner_is_source) {
            listener_.source(source.namespace_name, source.name,
                             unit.changed.empty() ? std::nullopt : std::optional(unit.changed));
        }
        for (const auto& text : unit.waiting) listener_.waiting(text);
        if (!unit.error.empty()) {
            listener_.failed({}, kept(source.kind.kind), kept(source.name), "EvaluationFailed", kept(unit.error));
        }
        board_.have.with([&](plan::Have& have) { tell_copies(have, unit); });
    }

private:
    void tell_copies(plan::Have& have, const Unit& unit) {
        std::set<plan::TargetKey> told;  // in trouble
        have.troubles().each_of(unit.id, 0, [&](const plan::TargetKey& target, const plan::Trouble& trouble) {
            told.insert(target.whole());
            const auto kind = board_.kinds.resource(target.kind).kind.kind;
            listener_.failed(text(target.namespace_name), kept(kind), text(target.name), kept(trouble.reason),
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

    void tell(plan::Have& have, const Unit& unit, const plan::TargetKey& target,
              const std::set<plan::TargetKey>& told) {
        if (!told.empty() && told.contains(target.whole())) return;
        const auto standing = have.standing(target);
        const auto* record = std::get_if<plan::Record>(&standing);
        const auto* ticket = have.ticket(target);
        if (ticket != nullptr && ticket->unit == unit.id) {
            listener_.pending(text(target.namespace_name));
        } else if (record != nullptr && record->unit == unit.id && !record->terminating) {
            listener_.synced(text(target.namespace_name));
        }
    }

    void tell_holder(const plan::Have& have, const plan::TargetKey& target) {
        const auto holder = board_.units.get(have.holder(target.whole()));
        if (holder) listener_.held_by(asker_text(holder->bond));
    }

    /// Interned names live as long as something has them; what only passes by is kept here.
    std::string_view kept(const std::string& text) { return texts_.emplace_back(text); }
    std::string_view text(plan::NameId name) {
        const auto [known, is_new] = names_.try_emplace(name);
        if (is_new) known->second = board_.names.text(name);
        return known->second;
    }

    Board& board_;
    Listener& listener_;
    std::deque<std::string> texts_;
    std::unordered_map<plan::NameId, std::string> names_;  // many copies have the same
};

/// Its copies are what it asks for: it has a source, and is not a source that its group speaks for.
bool asks(const Unit& unit) {
    if (!unit.bond.group.empty()) return !unit.members.empty();
    return unit.presence == Presence::present && unit.in_group == 0;
}

}  // namespace

policy::Report report_of(Board& board, const Unit& owner, const RunningPolicy& running, status::Gathering::Lists lists,
                         Shares& shares) {
    status::Gathering gathering(lists);
    Both both(gathering);
    Telling telling(board, both);
    const auto selected = board.owner_sources->selected(owner.id);
    for (const auto id : board.units.of_owner(owner.id)) {
        const auto unit = board.units.get(id);
        if (!unit || (!asks(*unit) && !owner.terminating)) continue;
        telling.tell(*unit, running);
        if (const auto share = both.take(id); share.what != 0) shares.push_back(share);
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

bool is_told(Board& board, plan::UnitId id, const RunningPolicy& running) {
    // Rows follow the content of sources, of which a report says nothing.
    if (!board.statuses || running.shape().has_store) return false;
    const auto unit = board.units.get(id);
    if (!unit || unit->owner == 0 || board.statuses->is_in_doubt(unit->owner)) return false;
    const auto owner = board.units.get(unit->owner);
    if (!owner || asking(board, *owner) != Asking::yes) return false;
    Summing share;
    if (asks(*unit)) Telling(board, share).tell(*unit, running);
    return board.statuses->is_told(owner->id, share.take(id));
}

}  // namespace moontide::sync
