// Ownership: at the version overwritten an object carried our claim for its place, or the policy's `existing` let us.
#include "checker.hpp"
#include "parts.hpp"

namespace moontide::proof {

namespace {

bool may_take(const Terms& terms, const Json& object, const Json& made, const Keys& keys) {
    switch (terms.existing) {
        case Existing::refuse:
            return false;
        case Existing::marked:
            return terms.marked && terms.marked(object);
        case Existing::adopt:
            return content_of(object) == content_of(made);
        case Existing::overwrite:
            return true;
        case Existing::merge:
            return !is_ours(terms, made) && others_of(object, keys) == others_of(made, keys);
    }
    return false;
}

std::string complaint(const Terms& terms, const Write& write, const State& state, const Keys& keys) {
    if (!state.before) {
        if (state.object && !is_ours(terms, *state.object)) return "it was created without our claim for its place";
        return {};
    }
    if (write.asked().verb == "create") return "a create landed on an existing object";
    const bool ours = is_ours(terms, *state.before);
    if (state.object && !state.object->at("metadata").contains("deletionTimestamp")) {
        if (ours || may_take(terms, *state.before, *state.object, keys)) return {};
        return "it was changed, and carried no claim of ours for its place";
    }
    if (ours && claim_of(*state.before).value("state", "") != "made") return "it was deleted, and we had not made it";
    if (ours) return {};
    // What the controller that is replaced made counts as made.
    if (terms.existing == Existing::marked && terms.marked && terms.marked(*state.before)) return {};
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
            const auto keys = terms.existing == Existing::merge ? timeline.keys_offered(terms, place) : Keys();
            const auto what = complaint(terms, write, *state, keys);
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
