// Ownership: at the version overwritten an object carried our claim for its place, or the policy's `existing` let us;
// and who holds it keeps it while it asks for it.
#include "checker.hpp"
#include "parts.hpp"

#include <algorithm>

namespace moontide::proof {

namespace {

bool may_take(const Terms& terms, const Json* owner, const Json& object, const Json& made) {
    switch (terms.existing_for(owner)) {
        case Existing::refuse:
            return false;
        case Existing::marked:
            return terms.is_marked_for(owner, object);
        case Existing::adopt:
            return content_of(object) == content_of(made);
        case Existing::overwrite:
            return true;
        case Existing::merge:
            return false;
    }
    return false;
}

/// As the owner that is acted for was lately, where the policy has owners: one that is told late acts on what was.
template <typename May>
bool lets(const Timeline& timeline, const Terms& terms, const Json& claim, Milliseconds from, const May& may) {
    if (!terms.has_owners()) return may(nullptr);
    const auto* states = timeline.owner_in(claim);
    if (states == nullptr) return false;
    return std::ranges::any_of(
        *states, [&](const State& state) { return state.object && state.end >= from && may(state.object.get()); });
}

/// Some owner's marks are on it.
bool is_marked(const Timeline& timeline, const Terms& terms, const Json& object) {
    if (!terms.has_owners()) return terms.is_marked_for(nullptr, object);
    return std::ranges::any_of(timeline.askers(), [&](const Timeline::Asker& asker) {
        return std::ranges::any_of(*asker.owner, [&](const State& state) {
            return state.object && terms.is_marked_for(state.object.get(), object);
        });
    });
}

/// Owner and source, as the claim has them.
std::string holder_of(const Json& copy) {
    const auto claim = claim_of(copy);
    if (!claim.is_object()) return {};
    const auto owner = claim.value("owner", Json::object());
    const auto source = claim.value("source", Json::object());
    const Json holder = {owner.value("namespace", ""), owner.value("name", ""), source.value("kind", ""),
                         source.value("namespace", ""), source.value("name", "")};
    return holder.dump();
}

bool was_taken_from_its_holder(const Timeline& timeline, const Terms& terms, const Place& place, const Write& write,
                               const State& state) {
    if (!terms.has_owners() || holder_of(*state.before) == holder_of(*state.object)) return false;
    const auto from = write.request->at - terms.grace;
    return std::ranges::any_of(timeline.askers(), [&](const Timeline::Asker& asker) {
        return Timeline::is_named_by(asker, *state.before) &&
               timeline.asked_throughout(asker, place, *state.before, from, state.entry->number);
    });
}

/// Parts came, changed or went, and nothing else; those that came are of who merges.
bool changed_parts_alone(const Timeline& timeline, const Terms& terms, const Place& place, const Write& write,
                         const State& state) {
    const bool has_parts = !parts_of(terms, *state.object).empty() || !parts_of(terms, *state.before).empty();
    if (is_ours(terms, *state.object) || !has_parts) return false;
    const auto offered = without_users(timeline.offered(place), *state.before);
    if (others_of(*state.before, offered) != others_of(*state.object, offered)) return false;
    const auto merges = [&](const Json* owner) { return terms.existing_for(owner) == Existing::merge; };
    const auto joined = joined_parts(terms, state.before.get(), *state.object);
    return std::ranges::all_of(joined, [&](const auto& part) {
        return lets(timeline, terms, part.second, write.request->at - terms.grace, merges);
    });
}

std::string complaint(const Timeline& timeline, const Terms& terms, const Place& place, const Write& write,
                      const State& state) {
    if (!state.before) {
        if (state.object && !is_ours(terms, *state.object)) return "it was created without our claim for its place";
        return {};
    }
    if (write.asked().verb == "create") return "a create landed on an existing object";
    const bool ours = is_ours(terms, *state.before);
    if (state.object && !state.object->at("metadata").contains("deletionTimestamp")) {
        if (ours) {
            const bool taken =
                is_ours(terms, *state.object) && was_taken_from_its_holder(timeline, terms, place, write, state);
            return taken ? "it was given to another while its holder asked for it" : "";
        }
        if (changed_parts_alone(timeline, terms, place, write, state)) return {};
        const auto may = [&](const Json* owner) { return may_take(terms, owner, *state.before, *state.object); };
        if (lets(timeline, terms, claim_of(*state.object), write.request->at - terms.grace, may)) return {};
        return "it was changed, and carried no claim of ours for its place";
    }
    if (ours && claim_of(*state.before).value("state", "") != "made") return "it was deleted, and we had not made it";
    if (ours) return {};
    // What the controller that is replaced made counts as made.
    if (is_marked(timeline, terms, *state.before)) return {};
    return "it was deleted, and carried no claim of ours for its place";
}

}  // namespace

std::vector<Violation> check_ownership(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& write : timeline.writes()) {
        for (const auto* state : write.states) {
            const auto& changed = std::get<Changed>(state->entry->what);
            if (!terms.copies.contains(changed.resource)) continue;
            const Place place{changed.resource, changed.namespace_name, changed.name};
            const auto what = complaint(timeline, terms, place, write, *state);
            if (what.empty()) continue;
            const Entry* made_so = nullptr;
            for (const auto& earlier : timeline.objects().at(place)) {
                if (earlier.until == state->version) made_so = earlier.entry;
            }
            violations.push_back(
                {"ownership", place.text() + ": " + what, {made_so, write.request, state->entry, write.answer}});
        }
    }
    return violations;
}

}  // namespace moontide::proof
