#include "rest.hpp"

#include "parts.hpp"
#include "timeline.hpp"

#include <algorithm>

namespace moontide::proof {

namespace {

bool is_terminating(const Json& object) {
    return object.at("metadata").contains("deletionTimestamp");
}

bool has_finalizer(const Json& object, const std::string& finalizer) {
    const auto all = object.at("metadata").value("finalizers", Json::array());
    return std::ranges::find(all, Json(finalizer)) != all.end();
}

/// One that asks for a place now.
struct Asking {
    const Json* owner = nullptr;
    const Json* source = nullptr;  ///< null: it is gone
    Wish wish;
};

class Judge {
public:
    Judge(const Snapshot& there, const Terms& terms) : there_(there), terms_(terms) {}

    std::vector<Wrong> judge() {
        ask();
        for (const auto& [place, asking] : asked_) look(place, asking);
        for (const auto& [place, object] : there_) {
            if (terms_.copies.contains(place.resource) && !asked_.contains(place)) look_at_what_is_left(place, *object);
            if (terms_.has_owners() && place.resource == terms_.owners) look_at_owner(place, *object);
        }
        return std::move(wrongs_);
    }

private:
    const Json* find(const Place& place) const {
        const auto found = there_.find(place);
        return found == there_.end() ? nullptr : found->second;
    }

    /// Who asks, and for what.
    void ask() {
        if (!terms_.has_owners()) {
            for (const auto& [place, source] : there_) {
                if (terms_.may_be_source(*source)) ask_for(nullptr, place, source);
            }
            return;
        }
        for (const auto& [owner_place, owner] : there_) {
            if (owner_place.resource != terms_.owners) continue;
            for (const auto& [place, source] : there_) {
                if (terms_.may_be_source(*source)) ask_for(owner, place, source);
            }
            // What it holds of a source that is gone.
            for (const auto& [place, object] : there_) {
                if (!terms_.copies.contains(place.resource)) continue;
                if (is_ours(terms_, *object)) ask_for_what_is_gone(owner, place, claim_of(*object));
                for (const auto& [id, claim] : parts_of(terms_, *object)) ask_for_what_is_gone(owner, place, claim);
            }
        }
    }

    void ask_for_what_is_gone(const Json* owner, const Place& place, const Json& claim) {
        if (!names(claim, *owner)) return;
        const auto named = claim.value("source", Json::object());
        const Place source{place.resource, named.value("namespace", ""), named.value("name", "")};
        if (find(source) == nullptr || !terms_.may_be_source(*find(source))) ask_for(owner, source, nullptr);
    }

    void ask_for(const Json* owner, const Place& at, const Json* source) {
        for (const auto& [place, space] : there_) {
            if (place.resource != "namespaces" || terms_.excluded.contains(place.name) || is_terminating(*space))
                continue;
            auto wish = terms_.wish_of(owner, at, source, *space);
            if (!wish) continue;
            auto& asking = asked_[{wish->resource, place.name, wish->name}];
            asking.push_back({owner, source, std::move(*wish)});
        }
    }

    bool is_held_by(const Json& owner, const Json& copy) const {
        return is_ours(terms_, copy) && names(claim_of(copy), owner);
    }

    static bool names(const Json& claim, const Json& owner) {
        const auto named = claim.value("owner", Json::object());
        const auto& metadata = owner.at("metadata");
        return named.value("name", "") == metadata.value("name", "") &&
               named.value("namespace", "") == metadata.value("namespace", "") &&
               named.value("uid", uid_of(owner)) == uid_of(owner);
    }

    void look(const Place& place, const std::vector<Asking>& asking) {
        const auto* copy = find(place);
        const auto wanted = std::ranges::find_if(asking, [](const Asking& one) { return !one.wish.kept; });
        if (copy == nullptr) {
            if (wanted != asking.end()) wrong(place, "is not there, and a source asks for it");
            return;
        }
        look_at_parts(place, *copy, asking);
        if (!is_ours(terms_, *copy)) {
            if (wanted != asking.end()) look_at_foreign(place, *copy, asking);
            return;
        }
        const auto holder = std::ranges::find_if(asking, [&](const Asking& one) {
            if (one.owner == nullptr) return true;
            const auto named = claim_of(*copy).value("source", Json::object());
            return is_held_by(*one.owner, *copy) &&
                   (one.source == nullptr || named.value("name", "") == one.source->at("metadata").value("name", ""));
        });
        if (is_terminating(*copy)) return;
        if (holder == asking.end()) {
            // What a source that is gone left in one's place is the holder's, and nobody else's.
            if (wanted != asking.end()) wrong(place, "is held for one that does not ask for it");
            return;
        }
        if (holder->wish.kept) return;
        const bool merges = terms_.existing_for(holder->owner) == Existing::merge;
        const auto content = merges ? own_content_of(*copy, holder->wish.content) : content_of(*copy);
        if (content != holder->wish.content && !(merges && is_opposed(*copy, holder->wish, WHOLE_MANAGER)))
            wrong(place, "differs from what its source asks for");
        if (terms_.belongs_to_source && !belongs_to(*copy, *holder->source))
            wrong(place, "does not belong to its source");
    }

    static bool belongs_to(const Json& copy, const Json& source) {
        const auto references = copy.at("metadata").value("ownerReferences", Json::array());
        return references.size() == 1 && references[0].value("uid", "") == uid_of(source) &&
               references[0].value("controller", false) && !references[0].value("blockOwnerDeletion", false);
    }

    bool may_take(const Asking& one, const Json& object) const {
        const auto existing = terms_.existing_for(one.owner);
        return existing == Existing::overwrite || terms_.is_marked_for(one.owner, object) ||
               (existing == Existing::adopt && content_of(object) == one.wish.content);
    }

    /// Somebody else's: it is to be left, to be joined, or to be taken.
    void look_at_foreign(const Place& place, const Json& object, const std::vector<Asking>& asking) {
        // Of several that ask, the one whose turn it is may be one that leaves it.
        const bool to_be_taken =
            std::ranges::all_of(asking, [&](const Asking& one) { return !one.wish.kept && may_take(one, object); });
        if (to_be_taken) return wrong(place, "was not taken over");
        for (const auto& one : asking) {
            if (one.wish.kept || terms_.existing_for(one.owner) != Existing::merge) continue;
            const auto part = part_of(one, object);
            const auto manager = part.empty() ? std::string() : manager_of_part(part);
            if (cannot_change(object) || is_opposed(object, one.wish, manager)) continue;
            if (part.empty()) {
                wrong(place, "has no part", one.wish.content);
            } else {
                look_at_fields(place, object, one.wish, manager);
            }
        }
    }

    /// The id of that one's part; empty: it has none.
    std::string part_of(const Asking& one, const Json& object) const {
        for (const auto& [id, claim] : parts_of(terms_, object)) {
            const auto source = claim.value("source", Json::object()).value("name", "");
            if (one.owner == nullptr) return id;
            const bool same_source = one.source == nullptr || source == one.source->at("metadata").value("name", "");
            if (names(claim, *one.owner) && same_source) return id;
        }
        return {};
    }

    /// Its data are fixed: no part comes, changes or goes.
    static bool cannot_change(const Json& object) { return object.value("immutable", false); }

    /// What is wished for is there, and nothing that was.
    void look_at_fields(const Place& place, const Json& object, const Wish& wish, const std::string& manager) {
        if (is_opposed(object, wish, manager)) return;
        if (!holds(object, wish.content)) wrong(place, "lacks what is asked for", wish.content);
        const auto left = superfluous(object, wish.content, manager);
        if (!left.empty()) wrong(place, "keeps " + *left.begin() + ", which is asked for no more");
    }

    /// Each is one's that asks for it, or did until its source went.
    void look_at_parts(const Place& place, const Json& object, const std::vector<Asking>& asking) {
        if (is_terminating(object) || cannot_change(object)) return;
        for (const auto& [id, claim] : parts_of(terms_, object)) {
            const bool is_asked_for = std::ranges::any_of(asking, [&](const Asking& one) {
                return terms_.existing_for(one.owner) == Existing::merge && part_of(one, object) == id;
            });
            if (!is_asked_for) wrong(place, "keeps the part " + id + ", which nobody asks for");
        }
    }

    void look_at_what_is_left(const Place& place, const Json& object) {
        const auto* space = find({"namespaces", "", place.namespace_name});
        if (is_terminating(object) || space == nullptr || is_terminating(*space)) return;
        if (is_ours(terms_, object)) return wrong(place, "is left, and nothing asks for it");
        look_at_parts(place, object, {});
    }

    void look_at_owner(const Place& place, const Json& owner) {
        if (terms_.finalizer.empty()) return;
        if (!is_terminating(owner)) {
            // Before its first copy: where another one has that, this is how the engine shows that it knows the owner.
            if (asks(owner) && !has_finalizer(owner, terms_.finalizer)) wrong(place, "asks, and has no finalizer");
            return;
        }
        if (!has_finalizer(owner, terms_.finalizer)) return;
        const bool waits = std::ranges::any_of(there_, [&](const auto& entry) {
            return terms_.copies.contains(entry.first.resource) && is_held_by(owner, *entry.second) &&
                   is_terminating(*entry.second);
        });
        if (!waits) wrong(place, "is deleted, has no copies, and is not let go");
    }

    bool asks(const Json& owner) const {
        return std::ranges::any_of(asked_, [&](const auto& entry) {
            return std::ranges::any_of(entry.second,
                                       [&](const Asking& one) { return one.owner == &owner && one.source != nullptr; });
        });
    }

    void wrong(const Place& place, std::string what, Json wished = Json::object()) {
        wrongs_.push_back({place, std::move(what), std::move(wished)});
    }

    const Snapshot& there_;
    const Terms& terms_;
    std::map<Place, std::vector<Asking>> asked_;
    std::vector<Wrong> wrongs_;
};

}  // namespace

std::vector<Wrong> wrongs(const Snapshot& there, const Terms& terms) {
    return Judge(there, terms).judge();
}

}  // namespace moontide::proof
