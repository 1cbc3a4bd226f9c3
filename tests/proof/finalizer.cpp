// Finalizer: it is on an owner before its first copy is written, and comes off a deleted one when a live list, made
// after its last copy was gone, has shown none. Of an owner nothing else is changed.
#include "checker.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::proof {

namespace {

constexpr const char* OWNER = "moontide.dev/owner";

std::string label(const Json& object, const char* key) {
    const auto labels = object.at("metadata").value("labels", Json::object());
    return labels.value(key, "");
}

bool carries(const Json& object, const std::string& finalizer) {
    const auto all = object.at("metadata").value("finalizers", Json::array());
    return std::ranges::find(all, Json(finalizer)) != all.end();
}

/// Without what the engine may change of an owner, and the server by itself.
Json rest_of(const Json& owner, const std::string& finalizer) {
    auto rest = owner;
    auto& metadata = rest.at("metadata");
    for (const char* field : {"managedFields", "resourceVersion", "generation"}) metadata.erase(field);
    Json others = Json::array();
    for (const auto& one : metadata.value("finalizers", Json::array())) {
        if (one != Json(finalizer)) others.push_back(one);
    }
    metadata["finalizers"] = std::move(others);
    return rest;
}

class Finalizing {
public:
    Finalizing(const Timeline& timeline, const Terms& terms) : timeline_(timeline), terms_(terms) {}

    std::vector<Violation> check() {
        for (const auto& write : timeline_.writes()) {
            for (const auto* state : write.states) {
                const auto& changed = std::get<Changed>(state->entry->what);
                if (changed.resource == terms_.owners) look_at_owner(write, *state);
                if (!terms_.finalizer.empty() && terms_.copies.contains(changed.resource)) look_at_copy(write, *state);
            }
        }
        return std::move(violations_);
    }

private:
    void look_at_owner(const Write& write, const State& state) {
        if (!state.before) return broken("an owner was made", {write.request, state.entry});
        // What goes to the status the server keeps to that. The last finalizer takes the owner with it.
        const bool to_status = write.asked().resource.ends_with("/status");
        if (!to_status && state.object &&
            rest_of(*state.before, terms_.finalizer) != rest_of(*state.object, terms_.finalizer)) {
            broken("more of an owner was changed than our finalizer", {write.request, state.entry});
        }
        const bool was_on = carries(*state.before, terms_.finalizer);
        if (!state.object && !state.before->at("metadata").contains("deletionTimestamp")) {
            return broken("an owner was deleted", {write.request, state.entry});
        }
        if (terms_.finalizer.empty() || !was_on || (state.object && carries(*state.object, terms_.finalizer))) return;
        if (!state.before->at("metadata").contains("deletionTimestamp")) {
            return broken("the finalizer came off an owner that is not deleted", {write.request, state.entry});
        }
        look_at_removal(write, state, uid_of(*state.before));
    }

    struct List {
        const Entry* asked = nullptr;
        const Entry* answered = nullptr;
    };

    /// The last list of that owner's copies that the engine got before it asked to take the finalizer off.
    List list_before(const Write& removal, const std::string& uid) const {
        std::map<sandbox::RequestId, const Entry*> asked;
        List last;
        for (const auto& entry : timeline_.entries()) {
            if (entry.number >= removal.request->number) break;
            if (const auto* request = std::get_if<Asked>(&entry.what)) {
                const bool is_list = request->verb == "list" && terms_.copies.contains(request->resource) &&
                                     request->namespace_name.empty() &&
                                     request->path.find("resourceVersion=") == std::string::npos &&
                                     request->path.find("continue=") == std::string::npos &&
                                     request->path.find(uid) != std::string::npos;
                if (is_list) asked.emplace(request->id, &entry);
            } else if (const auto* answered = std::get_if<Answered>(&entry.what)) {
                const auto found = asked.find(answered->id);
                if (found != asked.end() && answered->status == 200) last = {found->second, &entry};
            }
        }
        return last;
    }

    bool is_copy_of(const Tree& object, const std::string& uid) const {
        return object && is_ours(terms_, *object) && label(*object, OWNER) == uid;
    }

    bool has_part_of(const Tree& object, const std::string& uid) const {
        return object && std::ranges::any_of(parts_of(terms_, *object), [&](const auto& part) {
                   return part.second.value("owner", Json::object()).value("uid", "") == uid;
               });
    }

    void look_at_removal(const Write& write, const State& state, const std::string& uid) {
        const auto list = list_before(write, uid);
        if (list.asked == nullptr) {
            return broken("the finalizer came off without a live list of what is left", {write.request, state.entry});
        }
        for (const auto& [place, states] : timeline_.objects()) {
            if (!terms_.copies.contains(place.resource)) continue;
            if (has_part_of(timeline_.object_at(place, list.asked->number), uid) &&
                has_part_of(timeline_.object_at(place, state.entry->number), uid)) {
                broken("the finalizer came off while " + place.text() + " had a part",
                       {list.asked, write.request, state.entry});
            }
            // What was there all the time that the list took.
            const bool was_listed = is_copy_of(timeline_.object_at(place, list.asked->number), uid) &&
                                    is_copy_of(timeline_.object_at(place, list.answered->number), uid);
            const bool is_there = is_copy_of(timeline_.object_at(place, state.entry->number), uid);
            if (!was_listed && (!is_there || was_late(states, *list.asked))) continue;
            broken(fmt::format("the finalizer came off while {} {}", place.text(),
                               is_there ? "was there" : "was in the last list"),
                   {list.asked, write.request, state.entry});
        }
    }

    /// What stands there since was asked for before the list, and came true after it: nobody can know of that.
    bool was_late(const std::vector<State>& states, const Entry& list) const {
        const State* made = nullptr;
        for (const auto& state : states) {
            if (!state.before) made = &state;
        }
        if (made == nullptr || made->entry->number < list.number) return false;
        return std::ranges::any_of(timeline_.writes(), [&](const Write& write) {
            return write.asked().id == made->by && write.request->number < list.number;
        });
    }

    /// A copy is made for, or given to, an owner that carried the finalizer when that was asked for.
    void look_at_copy(const Write& write, const State& state) {
        if (!state.object) return;
        for (const auto& [id, claim] : joined_parts(terms_, state.before.get(), *state.object)) {
            look_at_what_is_new(write, state, claim.value("owner", Json::object()).value("uid", ""));
        }
        if (!is_ours(terms_, *state.object)) return;
        const auto uid = label(*state.object, OWNER);
        if (!state.before || label(*state.before, OWNER) != uid) look_at_what_is_new(write, state, uid);
    }

    void look_at_what_is_new(const Write& write, const State& state, const std::string& uid) {
        for (const auto& [place, states] : timeline_.objects()) {
            if (place.resource != terms_.owners) continue;
            const bool was_on = std::ranges::any_of(states, [&](const State& owner) {
                return owner.object && uid_of(*owner.object) == uid && carries(*owner.object, terms_.finalizer) &&
                       (owner.entry->number < write.request->number || owner.at <= write.request->at + terms_.lag);
            });
            if (was_on) return;
        }
        broken("a copy was made for an owner that did not carry the finalizer", {write.request, state.entry});
    }

    void broken(const std::string& what, std::vector<const Entry*> lines) {
        violations_.push_back({"finalizer", what, std::move(lines)});
    }

    const Timeline& timeline_;
    const Terms& terms_;
    std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> check_finalizer(const Timeline& timeline, const Terms& terms) {
    return terms.has_owners() ? Finalizing(timeline, terms).check() : std::vector<Violation>();
}

}  // namespace moontide::proof
