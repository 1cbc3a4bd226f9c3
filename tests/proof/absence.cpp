// Failure is not absence: what is asked for all the time is not deleted, whatever the engine could not see.
#include "checker.hpp"

#include <algorithm>

namespace moontide::proof {

namespace {

/// It cannot be changed in place: a delete comes before the create.
bool must_be_made_anew(const Json& before, const Json& wanted) {
    const auto content = content_of(before);
    if (content == wanted) return false;
    return before.value("immutable", false) || content.value("type", "") != wanted.value("type", "");
}

/// Just before all was last settled before that entry: from then on the engine knew how things were. What came in the
/// millisecond of it came after it, or changes nothing.
Milliseconds last_settled(const Timeline& timeline, std::uint64_t entry_number) {
    Milliseconds at{0};
    for (const auto& entry : timeline.entries()) {
        if (entry.number > entry_number) break;
        const auto* noted = std::get_if<Noted>(&entry.what);
        if (noted && noted->what == "settled") at = entry.at - Milliseconds(1);
    }
    return at;
}

/// Whether nobody asked at the first entry from that time on at which the copy stood there.
bool stood_unasked(const Timeline& timeline, const Place& place, const Json& copy, Milliseconds from) {
    const Entry* since = nullptr;
    for (const auto& state : timeline.objects().at(place)) {
        if (!state.object || uid_of(*state.object) != uid_of(copy)) continue;
        since = state.entry;
        break;
    }
    for (const auto& entry : timeline.entries()) {
        if (entry.at < from || (since && entry.number < since->number)) continue;
        since = &entry;
        break;
    }
    return since && std::ranges::none_of(timeline.askers(), [&](const Timeline::Asker& asker) {
               return timeline.asked_throughout(asker, place, copy, since->at, since->number);
           });
}

}  // namespace

std::vector<Violation> check_absence(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& write : timeline.writes()) {
        for (const auto* state : write.states) {
            const bool deleted = !state->object || state->object->at("metadata").contains("deletionTimestamp");
            const auto& changed = std::get<Changed>(state->entry->what);
            if (!deleted || !state->before || !terms.copies.contains(changed.resource)) continue;
            const Place place{changed.resource, changed.namespace_name, changed.name};
            const auto from = std::max(write.request->at - terms.grace, last_settled(timeline, write.request->number));
            const auto until = state->entry->number;
            if (timeline.was_let_go(place, *state->before, from, until)) continue;
            // Whoever has come since the copy stood there unasked may not have been seen yet.
            if (stood_unasked(timeline, place, *state->before, from)) continue;
            const auto wanted = timeline.wanted_contents(place, until);
            if (std::ranges::any_of(wanted, [&](const Json& one) { return must_be_made_anew(*state->before, one); }))
                continue;
            violations.push_back({"absence",
                                  place.text() + " was deleted, and was asked for all the time",
                                  {write.request, state->entry, write.answer}});
        }
    }
    return violations;
}

}  // namespace moontide::proof
