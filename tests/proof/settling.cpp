// Settling: at each remark "settled" the copies that are asked for are there and right, and none is left over.
#include "checker.hpp"
#include "parts.hpp"

#include <set>

namespace moontide::proof {

namespace {

bool is_terminating(const Json& object) {
    return object.at("metadata").contains("deletionTimestamp");
}

class Rest {
public:
    Rest(const Timeline& timeline, const Terms& terms, const Entry& settled)
        : timeline_(timeline), terms_(terms), settled_(settled) {}

    std::vector<Violation> check() {
        std::set<Place> wanted;
        for (const auto& [place, states] : timeline_.objects()) {
            const auto source = timeline_.object_at(place, settled_.number);
            if (!source || !terms_.may_be_source(*source)) continue;
            for (const auto& [space_place, ignored] : timeline_.objects()) {
                if (space_place.resource != "namespaces" || terms_.excluded.contains(space_place.name)) continue;
                const auto space = timeline_.object_at(space_place, settled_.number);
                if (!space || is_terminating(*space)) continue;
                const auto wish = terms_.wish(*source, *space);
                if (!wish) continue;
                const Place target{wish->resource, space_place.name, wish->name};
                wanted.insert(target);
                look(target, *wish);
            }
        }
        for (const auto& [place, states] : timeline_.objects()) {
            if (!terms_.copies.contains(place.resource) || wanted.contains(place)) continue;
            const auto object = timeline_.object_at(place, settled_.number);
            if (!object || is_terminating(*object)) continue;
            const auto space = timeline_.object_at({"namespaces", "", place.namespace_name}, settled_.number);
            if (!space || is_terminating(*space)) continue;
            if (!is_ours(terms_, *object)) {
                look_for_parts(place, *object, Json::object());
                continue;
            }
            broken(place, "is left, and nothing asks for it");
        }
        return std::move(violations_);
    }

private:
    void look(const Place& target, const Wish& wish) {
        const auto copy = timeline_.object_at(target, settled_.number);
        if (!copy) return broken(target, "is not there, and a source asks for it");
        if (!is_ours(terms_, *copy)) {
            // Somebody else's: it is to be left, or to be joined.
            look_for_parts(target, *copy, wish.content);
            const bool to_be_taken = terms_.existing == Existing::overwrite ||
                                     (terms_.existing == Existing::marked && terms_.marked && terms_.marked(*copy));
            if (to_be_taken) broken(target, "was not taken over");
            return;
        }
        if (content_of(*copy) != wish.content && !is_terminating(*copy)) {
            broken(target, "differs from what its source asks for");
        }
    }

    void look_for_parts(const Place& place, const Json& object, const Json& wished) {
        if (terms_.existing != Existing::merge) return;
        if (has_part(terms_, object) == wished.empty()) broken(place, wished.empty() ? "keeps a part" : "has no part");
        if (!holds(object, wished)) broken(place, "lacks what is asked for");
        if (!leftovers(object, wished, timeline_.keys_offered(terms_, place)).empty())
            broken(place, "keeps what is asked for no more");
    }

    void broken(const Place& place, const std::string& what) {
        const Entry* last = nullptr;
        if (const auto found = timeline_.objects().find(place); found != timeline_.objects().end()) {
            for (const auto& state : found->second) {
                if (state.entry->number <= settled_.number) last = state.entry;
            }
        }
        violations_.push_back({"settling", place.text() + " " + what, {last, &settled_}});
    }

    const Timeline& timeline_;
    const Terms& terms_;
    const Entry& settled_;
    std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> check_settling(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    if (!terms.wish || !terms.may_be_source) return violations;
    for (const auto& entry : timeline.entries()) {
        const auto* noted = std::get_if<Noted>(&entry.what);
        if (!noted || noted->what != "settled") continue;
        auto found = Rest(timeline, terms, entry).check();
        violations.insert(violations.end(), std::make_move_iterator(found.begin()),
                          std::make_move_iterator(found.end()));
    }
    return violations;
}

}  // namespace moontide::proof
