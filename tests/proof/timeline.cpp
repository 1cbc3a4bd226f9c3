#include "timeline.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace moontide::proof {

namespace {

Tree tree_of(const std::shared_ptr<const std::string>& text) {
    if (!text) return nullptr;
    auto tree = Json::parse(*text, nullptr, false);
    return tree.is_object() ? std::make_shared<const Json>(std::move(tree)) : nullptr;
}

/// The last state that began at or before the entry.
const State* state_at(const std::vector<State>& states, std::uint64_t entry_number) {
    const State* found = nullptr;
    for (const auto& state : states) {
        if (state.entry->number > entry_number) break;
        found = &state;
    }
    return found;
}

/// The states of one object that some moment from that time on until that entry had, also those in which it is not
/// there: null where that was before anything was told of it.
std::vector<const State*> in_time(const std::vector<State>& states, Milliseconds from, std::uint64_t until) {
    std::vector<const State*> chosen;
    if (states.front().at > from) chosen.push_back(nullptr);
    for (const auto& state : states) {
        if (state.end >= from && state.entry->number <= until) chosen.push_back(&state);
    }
    return chosen;
}

/// What is recorded beside a real server comes from a watch a kind, which keep no order among each other.
void sort_changes(std::vector<Entry>& entries) {
    std::vector<std::size_t> places;
    for (std::size_t index = 0; index < entries.size(); ++index) {
        if (std::holds_alternative<Changed>(entries[index].what)) places.push_back(index);
    }
    std::vector<Changed> changes;
    changes.reserve(places.size());
    for (const auto place : places) changes.push_back(std::move(std::get<Changed>(entries[place].what)));
    std::ranges::stable_sort(changes, {}, &Changed::version);
    for (std::size_t index = 0; index < places.size(); ++index) entries[places[index]].what = std::move(changes[index]);
}

}  // namespace

std::string uid_of(const Json& object) {
    return object.at("metadata").value("uid", "");
}

std::string version_of(const Json& object) {
    return object.at("metadata").value("resourceVersion", "");
}

Json claim_of(const Json& object) {
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    auto claim = Json::parse(annotations.value("moontide.dev/claim", ""), nullptr, false);
    return claim.is_object() ? claim : Json();
}

namespace {

/// Another manager has a field that an apply names.
bool was_opposed(const Write& write) {
    return write.status() == 409 && std::get<Answered>(write.answer->what).why.starts_with("Apply failed with");
}

}  // namespace

bool met_a_foreign_object(const Timeline& timeline, const Terms& terms, const Write& write) {
    const auto& asked = write.asked();
    if (was_opposed(write)) return true;
    // An apply that may only create names a version that no object has.
    const auto body = Json::parse(asked.body, nullptr, false);
    const bool applies = asked.verb == "patch" && body.is_object() &&
                         body.value("metadata", Json::object()).value("resourceVersion", "") == "1";
    if ((asked.verb != "create" && !applies) || write.status() != 409) return false;
    const auto there = timeline.object_at({asked.resource, asked.namespace_name, asked.name}, write.answer->number);
    return there && !is_ours(terms, *there);
}

bool is_asked_for_as_a_part(const Write& write) {
    return write.asked().path.find("fieldManager=moontide%2F") != std::string::npos;
}

bool writes_what_counts(const Terms& terms, const Write& write) {
    const auto& resource = write.asked().resource;
    return terms.copies.contains(resource) || (terms.has_owners() && resource == terms.owners);
}

bool is_for_its_place(const Terms& terms, const Json& claim, const Json& object) {
    if (claim.value("instance", "") != terms.instance) return false;
    const auto place = claim.value("place", Json::object());
    const auto& metadata = object.at("metadata");
    return place.value("namespace", "") == metadata.value("namespace", "") &&
           place.value("name", "") == metadata.value("name", "");
}

bool is_ours(const Terms& terms, const Json& object) {
    const auto claim = claim_of(object);
    return claim.is_object() && is_for_its_place(terms, claim, object);
}

Timeline::Timeline(std::vector<Entry> entries, const Terms& terms) : terms_(terms), entries_(std::move(entries)) {
    sort_changes(entries_);
    std::map<sandbox::RequestId, std::size_t> write_of;
    std::map<std::uint64_t, unsigned> run_of;
    unsigned runs = 0;
    for (const auto& entry : entries_) {
        if (const auto* noted = std::get_if<Noted>(&entry.what)) {
            if (noted->what == "run started") ++runs;
        } else if (const auto* asked = std::get_if<Asked>(&entry.what)) {
            if (asked->client != terms.client && !asked->client.starts_with(terms.client + "/")) continue;
            const auto run = run_of.try_emplace(asked->connection, runs).first->second;
            if (!asked->writes()) continue;
            write_of.emplace(asked->id, writes_.size());
            writes_.push_back({&entry, nullptr, {}, run});
        } else if (const auto* answered = std::get_if<Answered>(&entry.what)) {
            if (const auto found = write_of.find(answered->id); found != write_of.end()) {
                writes_[found->second].answer = &entry;
            }
        } else if (const auto* changed = std::get_if<Changed>(&entry.what)) {
            State state;
            state.entry = &entry;
            state.version = changed->version;
            state.at = entry.at;
            state.by = changed->by;
            state.before = tree_of(changed->before);
            if (changed->what != Changed::What::deleted) state.object = tree_of(changed->object);
            auto& states = objects_[{changed->resource, changed->namespace_name, changed->name}];
            if (!states.empty()) {
                states.back().until = state.version;
                states.back().end = state.at;
            }
            states.push_back(std::move(state));
        }
    }
    std::vector<std::pair<Place, const std::vector<State>*>> owners;
    for (const auto& [place, states] : objects_) {
        if (terms.has_owners() && place.resource == terms.owners) owners.emplace_back(place, &states);
    }
    if (!terms.has_owners()) owners.emplace_back(Place{}, nullptr);
    for (const auto& [place, states] : objects_) {
        for (const auto& state : states) {
            if (const auto found = write_of.find(state.by); found != write_of.end()) {
                writes_[found->second].states.push_back(&state);
            }
        }
        const bool can_be_source = terms.may_be_source && std::ranges::any_of(states, [&](const State& state) {
                                       return state.object && terms.may_be_source(*state.object);
                                   });
        if (!can_be_source) continue;
        for (const auto& [owner_place, owner] : owners) askers_.push_back({owner, &states, owner_place, place});
    }
}

Tree Timeline::object_at(const Place& place, std::uint64_t entry_number) const {
    const auto found = objects_.find(place);
    if (found == objects_.end()) return nullptr;
    const auto* state = state_at(found->second, entry_number);
    return state ? state->object : nullptr;
}

bool Timeline::is_named_by(const Asker& asker, const Json& copy) {
    return is_named_in(asker, claim_of(copy));
}

bool Timeline::is_named_in(const Asker& asker, const Json& claim) {
    if (asker.owner == nullptr) return true;
    if (!claim.is_object()) return false;
    const auto is_at = [&](const char* key, const Place& place) {
        const auto named = claim.value(key, Json::object());
        return named.value("namespace", "") == place.namespace_name && named.value("name", "") == place.name;
    };
    const auto kind = claim.value("source", Json::object()).value("kind", "");
    const bool is_secret = asker.source_place.resource == "secrets";
    return is_at("owner", asker.owner_place) && is_at("source", asker.source_place) && (kind == "Secret") == is_secret;
}

const std::vector<State>* Timeline::owner_in(const Json& claim) const {
    if (!terms_.has_owners() || !claim.is_object()) return nullptr;
    const auto named = claim.value("owner", Json::object());
    const auto found = objects_.find({terms_.owners, named.value("namespace", ""), named.value("name", "")});
    return found == objects_.end() ? nullptr : &found->second;
}

std::optional<Wish> Timeline::wish_for(const Asker& asker, const Place& place, const State* owner, const State* source,
                                       const State* space) const {
    if (!space || !space->object || !source || terms_.excluded.contains(place.namespace_name)) return std::nullopt;
    if (asker.owner != nullptr && (!owner || !owner->object)) return std::nullopt;
    auto wish =
        terms_.wish_of(owner ? owner->object.get() : nullptr, asker.source_place, source->object.get(), *space->object);
    if (!wish || wish->resource != place.resource || wish->name != place.name) return std::nullopt;
    return wish;
}

Timeline::Asking Timeline::asked_for(const Asker& asker, const Place& place, const Json* copy, Milliseconds from,
                                     std::uint64_t until) const {
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end()) return {false, false, false};
    const auto spaces = in_time(space->second, from, until);
    const auto sources = in_time(*asker.source, from, until);
    const auto owners = asker.owner ? in_time(*asker.owner, from, until) : std::vector<const State*>{nullptr};
    const bool may_keep = copy != nullptr && is_named_by(asker, *copy);
    Asking asking;
    // Whether it is refused at these states or at later ones, of each.
    std::vector<bool> refused(owners.size() * sources.size() * spaces.size());
    const auto index = [&](std::size_t owner, std::size_t source, std::size_t there) {
        return (owner * sources.size() + source) * spaces.size() + there;
    };
    for (auto owner = owners.size(); owner-- > 0;) {
        for (auto source = sources.size(); source-- > 0;) {
            for (auto there = spaces.size(); there-- > 0;) {
                const auto wish = wish_for(asker, place, owners[owner], sources[source], spaces[there]);
                const bool asks = wish && (!wish->kept || may_keep);
                const bool later = (owner + 1 < owners.size() && refused[index(owner + 1, source, there)]) ||
                                   (source + 1 < sources.size() && refused[index(owner, source + 1, there)]) ||
                                   (there + 1 < spaces.size() && refused[index(owner, source, there + 1)]);
                refused[index(owner, source, there)] = !asks || later;
                asking.ever = asking.ever || asks;
                asking.throughout = asking.throughout && asks;
                asking.then_not = asking.then_not || (asks && later);
            }
        }
    }
    asking.throughout = asking.throughout && asking.ever;
    return asking;
}

bool Timeline::wanted_at_some_time(const Place& place, Milliseconds from, std::uint64_t until) const {
    return std::ranges::any_of(askers_,
                               [&](const Asker& asker) { return asked_for(asker, place, nullptr, from, until).ever; });
}

bool Timeline::asked_throughout(const Asker& asker, const Place& place, const Json& copy, Milliseconds from,
                                std::uint64_t until) const {
    return asked_for(asker, place, &copy, from, until).throughout;
}

bool Timeline::was_let_go(const Place& place, const Json& copy, Milliseconds from, std::uint64_t until) const {
    bool asked = false;
    bool let_go = false;
    for (const auto& asker : askers_) {
        const auto asking = asked_for(asker, place, &copy, from, until);
        if (asking.throughout) return false;
        asked = asked || asking.ever;
        let_go = let_go || asking.then_not;
    }
    return !asked || let_go;
}

std::vector<Json> Timeline::wanted_contents(const Place& place, std::uint64_t entry_number) const {
    std::vector<Json> contents;
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end()) return contents;
    for (const auto& asker : askers_) {
        const auto* owner = asker.owner ? state_at(*asker.owner, entry_number) : nullptr;
        auto wish =
            wish_for(asker, place, owner, state_at(*asker.source, entry_number), state_at(space->second, entry_number));
        if (wish && !wish->kept) contents.push_back(std::move(wish->content));
    }
    return contents;
}

std::vector<Timeline::Offer> Timeline::offers(const Place& place) const {
    std::vector<Offer> offers;
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end()) return offers;
    const auto add = [&](const Asker& asker, const State* owner, const State& source) {
        for (const auto& there : space->second) {
            auto wish = wish_for(asker, place, owner, &source, &there);
            if (!wish || wish->kept) continue;
            offers.push_back({&asker, owner, &source, std::move(*wish)});
            return;
        }
    };
    for (const auto& asker : askers_) {
        for (const auto& source : *asker.source) {
            if (!asker.owner) add(asker, nullptr, source);
            for (std::size_t index = 0; asker.owner && index < asker.owner->size(); ++index) {
                add(asker, &(*asker.owner)[index], source);
            }
        }
    }
    std::ranges::stable_sort(offers, {}, [](const Offer& offer) { return offer.source->version; });
    return offers;
}

Offered Timeline::offered(const Place& place) const {
    Offered all;
    for (const auto& offer : offers(place)) {
        for (const char* field : {"data", "binaryData"}) {
            const auto values = offer.wish.content.value(field, Json::object());
            for (const auto& [key, value] : values.items()) all.keys.insert(key);
        }
        for (const auto& [key, value] : offer.wish.labels.items()) all.labels.insert(key);
    }
    return all;
}

std::set<std::string> Timeline::keys_put(const Place& place) const {
    static const Json nothing = Json::object();
    const auto data_of = [](const Tree& object) -> const Json& {
        if (!object) return nothing;
        const auto data = object->find("data");
        return data == object->end() ? nothing : *data;
    };
    std::set<std::string> keys;
    for (const auto& write : writes_) {
        for (const auto* state : write.states) {
            const auto& changed = std::get<Changed>(state->entry->what);
            if (Place{changed.resource, changed.namespace_name, changed.name} != place) continue;
            for (const auto& [key, value] : data_of(state->object).items()) {
                if (!data_of(state->before).contains(key)) keys.insert(key);
            }
        }
    }
    return keys;
}

}  // namespace moontide::proof
