// Content: each state that we give a copy is what a version of its source (and of its owner) asks for, none older than
// the one before.
#include "checker.hpp"

#include <algorithm>
#include <map>

namespace moontide::proof {

namespace {

/// How old owner and source may be; several where more than one pair of versions explains what was seen.
struct Floor {
    std::uint64_t owner = 0;
    std::uint64_t source = 0;

    bool operator==(const Floor&) const = default;
};
using Floors = std::vector<Floor>;

/// It has what is asked for and that alone, but for what others have in what is made for them to join.
bool explains(const Terms& terms, const Timeline::Offer& offer, const Json& copy) {
    const auto* owner = offer.owner ? offer.owner->object.get() : nullptr;
    const bool merges = terms.existing_for(owner) == Existing::merge;
    const auto content = merges ? own_content_of(copy, offer.wish.content) : content_of(copy);
    return content == offer.wish.content && Timeline::is_named_by(*offer.asker, copy);
}

/// The floors after that state; none: no pair of versions explains it.
Floors raised(const Terms& terms, const std::vector<Timeline::Offer>& offers, const Json& copy, const Floors& floors) {
    Floors next;
    for (const auto& offer : offers) {
        if (!explains(terms, offer, copy)) continue;
        for (const auto& floor : floors) {
            if (offer.source->until <= floor.source || (offer.owner && offer.owner->until <= floor.owner)) continue;
            const Floor higher{std::max(floor.owner, offer.owner ? offer.owner->version : 0),
                               std::max(floor.source, offer.source->version)};
            const auto is_below = [&](const Floor& other) {
                return other.owner <= higher.owner && other.source <= higher.source;
            };
            if (std::ranges::any_of(next, is_below)) continue;
            std::erase_if(
                next, [&](const Floor& other) { return higher.owner <= other.owner && higher.source <= other.source; });
            next.push_back(higher);
        }
    }
    return next;
}

/// Writes of a copy's content, by place, in the order of the requests.
std::map<Place, std::vector<std::pair<const Write*, const State*>>> contents_given(const Timeline& timeline,
                                                                                   const Terms& terms) {
    std::map<Place, std::vector<std::pair<const Write*, const State*>>> given;
    for (const auto& write : timeline.writes()) {
        for (const auto* state : write.states) {
            const auto& changed = std::get<Changed>(state->entry->what);
            if (!terms.copies.contains(changed.resource) || is_asked_for_as_a_part(write)) continue;
            if (!state->object || !is_ours(terms, *state->object)) continue;
            if (state->object->at("metadata").contains("deletionTimestamp")) continue;
            given[{changed.resource, changed.namespace_name, changed.name}].emplace_back(&write, state);
        }
    }
    return given;
}

/// Of the claim, or of all where sources ask for themselves.
std::string asker_of(const Terms& terms, const Json& copy) {
    if (!terms.has_owners()) return {};
    const auto claim = claim_of(copy);
    return claim.value("owner", Json::object()).dump() + claim.value("source", Json::object()).value("name", "");
}

}  // namespace

std::vector<Violation> check_content(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& [place, given] : contents_given(timeline, terms)) {
        const auto offers = timeline.offers(place);
        std::map<std::string, Floors> floors_of;
        const Entry* last = nullptr;
        for (const auto& [write, state] : given) {
            auto& floors = floors_of.try_emplace(asker_of(terms, *state->object), Floors{Floor{}}).first->second;
            auto next = raised(terms, offers, *state->object, floors);
            if (!next.empty()) {
                floors = std::move(next);
                last = state->entry;
                continue;
            }
            const bool is_old =
                std::ranges::any_of(offers, [&](const auto& offer) { return explains(terms, offer, *state->object); });
            violations.push_back({"content",
                                  place.text() + (is_old ? " went back to an older version of its source"
                                                         : " got a content that no version of its source asks for"),
                                  {last, write->request, state->entry}});
        }
    }
    return violations;
}

}  // namespace moontide::proof
