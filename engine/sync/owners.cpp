#include "sync/owners.hpp"

#include "sync/owner_marks.hpp"
#include "sync/owner_sources.hpp"
#include "sync/sources.hpp"
#include "sync/statuses.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

/// What of an owner is not its content: what the server and controllers write.
struct Read {
    std::size_t content = 0;
    bool held = false;
};

Read read(const kube::Object& object, const std::string& finalizer) {
    Read out;
    auto json = nlohmann::json::parse(object.json(), nullptr, false);
    if (!json.is_object() || !json.contains("metadata") || !json["metadata"].is_object()) return out;
    auto& metadata = json["metadata"];
    if (const auto found = metadata.find("finalizers"); found != metadata.end() && found->is_array()) {
        out.held = std::ranges::find(*found, nlohmann::json(finalizer)) != found->end();
    }
    for (const char* key : {"finalizers", "resourceVersion", "managedFields"}) metadata.erase(key);
    json.erase("status");
    out.content = std::hash<std::string>()(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return out;
}

}  // namespace

Asking asking(const Board& board, const Unit& owner) {
    switch (owner.presence) {
        case Presence::deleted:
        case Presence::proven:
            return Asking::ended;
        case Presence::unknown:
        case Presence::vanished:
            return Asking::unknown;
        case Presence::present:
            break;
    }
    if (owner.terminating || owner.unselected) return Asking::ended;
    // Of one that was made anew under its name, what its forerunner selected says nothing.
    const auto selected = board.owner_sources->selected(owner.id);
    return selected && selected->owner->uid() == owner.bond.owner_uid ? Asking::yes : Asking::unknown;
}

std::size_t copies_with(Board& board, plan::UnitId unit) {
    auto units = board.units.of_owner(unit);
    units.push_back(unit);
    return board.have.with([&](const plan::Have& have) {
        std::size_t copies = 0;
        for (const auto one : units) copies += have.count_of(one);
        return copies;
    });
}

void owner_stirred(Board& board, const Unit& owner) {
    if (board.statuses) board.statuses->doubt(owner.id);
    board.queue.add_after({owner.id, settle_spot}, board.options.together, queue::Urgency::change);
}

void unit_stirred(Board& board, const Unit& unit) {
    if (unit.owner == 0) return;
    if (board.statuses) board.statuses->question(unit.owner, unit.id);
    board.queue.add_after({unit.owner, settle_spot}, board.options.together, queue::Urgency::change);
}

void took_owner(Board& board, RunningPolicy& running, const kube::Kind& kind, const cache::Change& change,
                kube::Reader& reader) {
    const auto& object = change.after ? change.after : change.before;
    plan::Bond bond;
    bond.policy = running.shape().name;
    bond.owner = {kind, std::string(object->namespace_name()), std::string(object->name())};
    bool selected = false;
    if (change.after) {
        const auto metadata = reader.metadata(change.after->json());
        selected = metadata && selects(board, running, kind, *metadata);
    }
    if (!selected && !board.units.find(bond)) return;
    const auto id = board.units.id(bond, running.index);
    const auto now = selected ? read(*change.after, running.shape().finalizer) : Read();
    bool vanished = false;
    bool is_news = true;
    board.units.change(id, [&](Unit& unit) {
        if (selected) {
            const bool same = unit.presence == Presence::present && unit.bond.owner_uid == change.after->uid();
            if (!same) unit.held_since = 0;
            const bool was_held = unit.held;
            if (change.after->resource_version() >= unit.held_since) unit.held = now.held;
            is_news = !same || unit.content != now.content || unit.terminating != change.after->terminating() ||
                      was_held != unit.held;
            unit.presence = Presence::present;
            unit.bond.owner_uid = change.after->uid();
            unit.created = change.after->creation_timestamp();
            unit.terminating = change.after->terminating();
            unit.content = now.content;
        } else if (change.by_relist) {
            unit.presence = Presence::vanished;
            vanished = true;
        } else if (kind_may_leave(kind)) {
            // Deleted by somebody, or taken along by its kind's definition.
            unit.presence = Presence::vanished;
        } else if (unit.presence != Presence::proven) {
            unit.presence = Presence::deleted;
        }
        if (is_news) ++unit.generation;
    });
    if (vanished) {
        running.gate.vanished(id);  // the end of this relist concludes
    } else {
        running.gate.returned(id);
    }
    if (!is_news || !running.ready) return;
    // What was ordered for it as it was is not sent any more; its look has its units looked at anew.
    for (const auto unit : board.units.of_owner(id)) {
        board.units.change(unit, [](Unit& known) { ++known.generation; });
    }
    board.queue.add({id, 0});
}

void OwnerLook::look_at(const Unit& owner, RunningPolicy& running) {
    const auto object = evaluation_.owner(owner, running);
    const auto note = [&](std::string error) {
        board_.units.change(owner.id, [&](Unit& known) { known.error = std::move(error); });
    };
    const auto look_at_units = [&] {
        for (const auto unit : board_.units.of_owner(owner.id)) board_.queue.add({unit, 0});
    };
    if (!object) {
        report_.policy_error(owner.id, object.error().message);
        note(object.error().message);
        look_at_units();
        return;
    }
    if (!*object) return is_gone(owner, running);
    board_.units.change(owner.id, [](Unit& known) { known.unselected = false; });
    const bool ends = (*object)->terminating();
    auto selected = std::make_shared<Selected>();
    selected->owner = *object;
    if (!running.shape().owner_is_source) {
        policy::Inputs inputs;
        inputs.owner = *object;
        auto from = evaluation_.evaluator(running).from(inputs);
        if (!from && ends) return ended(owner);
        if (!from) {
            report_.policy_error(owner.id, from.error().message);
            note(from.error().message);
            look_at_units();
            return;
        }
        selected->from = std::move(from->selections);
        selected->waiting = std::move(from->waiting);
    }
    note({});
    claim_marked(board_, running, owner.bond.owner, **object, selected->from);
    if (ends) return ended(owner);
    board_.units.change(owner.id, [](Unit& known) { known.awaits_sources = true; });
    board_.owner_sources->select(owner.id, std::move(selected));
}

void OwnerLook::is_gone(const Unit& owner, RunningPolicy& running) {
    auto& gate = running.gate;
    if (owner.presence == Presence::deleted || owner.presence == Presence::proven) return ended(owner);
    if (owner.presence == Presence::present) {
        // There, and its policy means it no more; or it has gone this moment, and what tells of it is on its way.
        if (!evaluation_.is_in_feeds(owner.bond.owner, running)) return;
        board_.units.change(owner.id, [](Unit& known) { known.unselected = true; });
        return ended(owner);
    }
    const auto units = board_.units.of_owner(owner.id);
    const bool has_copies = board_.have.with([&](const plan::Have& have) {
        return std::ranges::any_of(units, [&](plan::UnitId unit) { return have.has_to_do_with(unit); });
    });
    if (!has_copies) return;
    // Nobody saw it go. It counts as a cause, and unless there are too many a GET decides.
    if (!running.looked || gate.holds(owner.id)) {
        gate.vanished(owner.id);
    } else {
        prove_(owner.id);
    }
}

void OwnerLook::ended(const Unit& owner) {
    board_.owner_sources->withdraw(owner.id);
    board_.units.change(owner.id, [](Unit& known) { known.awaits_sources = false; });
    for (const auto unit : board_.units.of_owner(owner.id)) {
        board_.units.change(unit, [](Unit& known) { ++known.generation; });
        board_.queue.add({unit, 0});
    }
}

}  // namespace moontide::sync
