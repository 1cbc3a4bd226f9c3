// Content: each state that we give a copy is what a version of its source asks for, none older than the one before.
#include "checker.hpp"

#include <algorithm>

namespace moontide::proof {

namespace {

/// The first offer with that content that held at `floor` or later.
const Timeline::Offer* match(const std::vector<Timeline::Offer>& offers, const Json& content, std::uint64_t floor) {
    for (const auto& offer : offers) {
        if (offer.source->until > floor && offer.content == content) return &offer;
    }
    return nullptr;
}

}  // namespace

std::vector<Violation> check_content(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& [place, states] : timeline.objects()) {
        if (!terms.copies.contains(place.resource)) continue;
        const auto offers = timeline.offers(terms, place);
        std::uint64_t floor = 0;
        const Entry* last = nullptr;
        for (const auto& write : timeline.writes()) {
            for (const auto* state : write.states) {
                const auto& changed = std::get<Changed>(state->entry->what);
                if (Place{changed.resource, changed.namespace_name, changed.name} != place) continue;
                if (!state->object || !is_ours(terms, *state->object)) continue;
                if (state->object->at("metadata").contains("deletionTimestamp")) continue;
                const auto content = content_of(*state->object);
                const auto* offer = match(offers, content, floor);
                if (offer) {
                    floor = std::max(floor, offer->source->version);
                    last = state->entry;
                    continue;
                }
                const bool is_old = match(offers, content, 0) != nullptr;
                violations.push_back({"content",
                                      place.text() + (is_old ? " went back to an older version of its source"
                                                             : " got a content that no version of its source asks for"),
                                      {last, write.request, state->entry}});
            }
        }
    }
    return violations;
}

}  // namespace moontide::proof
