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
/// there.
std::vector<const State*> in_time(const std::vector<State>& states, Milliseconds from, std::uint64_t until) {
    std::vector<const State*> chosen;
    for (const auto& state : states) {
        if (state.end >= from && state.entry->number <= until) chosen.push_back(&state);
    }
    return chosen;
}

/// What the source asks for at the place, the namespace being so; nothing where it does not, or one is not there.
std::optional<Wish> wish_for(const Terms& terms, const Place& place, const Tree& source, const Tree& there) {
    if (!source || !there) return std::nullopt;
    auto wish = terms.wish(*source, *there);
    if (!wish || wish->resource != place.resource || wish->name != place.name) return std::nullopt;
    return wish;
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

std::string Place::text() const {
    return resource + " " + (namespace_name.empty() ? "" : namespace_name + "/") + name;
}

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

bool met_a_foreign_object(const Timeline& timeline, const Terms& terms, const Write& write) {
    const auto& asked = write.asked();
    // An apply that may only create names a version that no object has.
    const auto body = Json::parse(asked.body, nullptr, false);
    const bool applies = asked.verb == "patch" && body.is_object() &&
                         body.value("metadata", Json::object()).value("resourceVersion", "") == "1";
    if ((asked.verb != "create" && !applies) || write.status() != 409) return false;
    const auto there = timeline.object_at({asked.resource, asked.namespace_name, asked.name}, write.answer->number);
    return there && !is_ours(terms, *there);
}

bool is_ours(const Terms& terms, const Json& object) {
    const auto claim = claim_of(object);
    if (!claim.is_object() || claim.value("instance", "") != terms.instance) return false;
    const auto place = claim.value("place", Json::object());
    const auto& metadata = object.at("metadata");
    return place.value("namespace", "") == metadata.value("namespace", "") &&
           place.value("name", "") == metadata.value("name", "");
}

Timeline::Timeline(std::vector<Entry> entries, const Terms& terms) : entries_(std::move(entries)) {
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
    for (const auto& [place, states] : objects_) {
        for (const auto& state : states) {
            if (const auto found = write_of.find(state.by); found != write_of.end()) {
                writes_[found->second].states.push_back(&state);
            }
        }
        const bool can_be_source = terms.may_be_source && std::ranges::any_of(states, [&](const State& state) {
                                       return state.object && terms.may_be_source(*state.object);
                                   });
        if (can_be_source) sources_.push_back(&states);
    }
}

Tree Timeline::object_at(const Place& place, std::uint64_t entry_number) const {
    const auto found = objects_.find(place);
    if (found == objects_.end()) return nullptr;
    const auto* state = state_at(found->second, entry_number);
    return state ? state->object : nullptr;
}

std::uint64_t Timeline::entry_before(Milliseconds time) const {
    const auto first = std::ranges::lower_bound(entries_, time, {}, &Entry::at);
    return static_cast<std::uint64_t>(first - entries_.begin());
}

std::vector<std::uint64_t> Timeline::moments(const Place& place, std::uint64_t before, std::uint64_t until) const {
    std::set<std::uint64_t> moments = {std::min(before, until), until};
    const auto add = [&](const std::vector<State>& states) {
        for (const auto& state : states) {
            const auto number = state.entry->number;
            if (number > before && number <= until) moments.insert(number);
        }
    };
    if (const auto space = objects_.find({"namespaces", "", place.namespace_name}); space != objects_.end()) {
        add(space->second);
    }
    for (const auto* states : sources_) add(*states);
    return {moments.begin(), moments.end()};
}

bool Timeline::wanted_at_some_time(const Terms& terms, const Place& place, Milliseconds from,
                                   std::uint64_t until) const {
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end() || terms.excluded.contains(place.namespace_name)) return false;
    const auto spaces = in_time(space->second, from, until);
    for (const auto* states : sources_) {
        for (const auto* source : in_time(*states, from, until)) {
            for (const auto* there : spaces) {
                if (wish_for(terms, place, source->object, there->object)) return true;
            }
        }
    }
    return false;
}

bool Timeline::was_let_go(const Terms& terms, const Place& place, Milliseconds from, std::uint64_t until) const {
    bool wanted = false;
    for (const auto moment : moments(place, entry_before(from), until)) {
        if (wanted_content(terms, place, moment)) {
            wanted = true;
        } else if (wanted) {
            return true;
        }
    }
    return !wanted || looked_let_go(terms, place, from, until);
}

bool Timeline::looked_let_go(const Terms& terms, const Place& place, Milliseconds from, std::uint64_t until) const {
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end()) return false;
    const auto spaces = in_time(space->second, from, until);
    for (const auto* states : sources_) {
        const auto sources = in_time(*states, from, until);
        const auto refused_since = [&](std::size_t source, std::size_t there) {
            for (auto later = source; later < sources.size(); ++later) {
                for (auto beside = there; beside < spaces.size(); ++beside) {
                    if (!wish_for(terms, place, sources[later]->object, spaces[beside]->object)) return true;
                }
            }
            return false;
        };
        for (std::size_t source = 0; source < sources.size(); ++source) {
            for (std::size_t there = 0; there < spaces.size(); ++there) {
                if (wish_for(terms, place, sources[source]->object, spaces[there]->object) &&
                    refused_since(source, there))
                    return true;
            }
        }
    }
    return false;
}

std::optional<Json> Timeline::wanted_content(const Terms& terms, const Place& place, std::uint64_t entry_number) const {
    const auto space = object_at({"namespaces", "", place.namespace_name}, entry_number);
    if (!space || terms.excluded.contains(place.namespace_name)) return std::nullopt;
    for (const auto* states : sources_) {
        const auto* source = state_at(*states, entry_number);
        if (!source) continue;
        if (auto wish = wish_for(terms, place, source->object, space)) return std::move(wish->content);
    }
    return std::nullopt;
}

std::vector<Timeline::Offer> Timeline::offers(const Terms& terms, const Place& place) const {
    std::vector<Offer> offers;
    const auto space = objects_.find({"namespaces", "", place.namespace_name});
    if (space == objects_.end()) return offers;
    for (const auto* states : sources_) {
        for (const auto& state : *states) {
            for (const auto& there : space->second) {
                auto wish = wish_for(terms, place, state.object, there.object);
                if (!wish) continue;
                if (offers.empty() || offers.back().source != &state) offers.push_back({&state, {}});
                offers.back().content = std::move(wish->content);
                break;
            }
        }
    }
    std::ranges::sort(offers, {}, [](const Offer& offer) { return offer.source->version; });
    return offers;
}

std::set<std::string> Timeline::keys_offered(const Terms& terms, const Place& place) const {
    std::set<std::string> keys;
    for (const auto& offer : offers(terms, place)) {
        const auto data = offer.content.value("data", Json::object());
        for (const auto& [key, value] : data.items()) keys.insert(key);
    }
    return keys;
}

}  // namespace moontide::proof
