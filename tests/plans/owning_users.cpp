#include "owning_users.hpp"

#include "expect.hpp"
#include "unrest.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace moontide::plans {

namespace {

constexpr const char* CALLED = "called";
constexpr const char* SECRET = "s";
constexpr const char* CALLED_SECRET = "s-called";
constexpr const char* ANSWERING = "answering";
constexpr const char* FLICKERING = "flickering";
constexpr const char* WORLD = "test/world";

Json labelled(const Json& labels) {
    return {{"metadata", {{"labels", labels}}}};
}

/// As many bits of it as are asked for, one after another.
class Bits {
public:
    explicit Bits(std::uint64_t value) : value_(value) {}
    std::uint64_t below(std::uint64_t limit) {
        const auto now = value_ % limit;
        value_ /= limit;
        return now;
    }

private:
    std::uint64_t value_;
};

std::string not_as_given(const kube::Ref& place, const Json& given, const Json* now, bool whole) {
    if (now == nullptr) return place.text() + ", which is a user's, is not there";
    const bool same = test::uid_of(given) == test::uid_of(*now) &&
                      (whole ? test::version_of(given) == test::version_of(*now)
                             : given.value("spec", Json()) == now->value("spec", Json()) &&
                                   !now->at("metadata").contains("deletionTimestamp"));
    return same ? "" : place.text() + ", which is a user's, was touched:" + test::difference(given, *now);
}

}  // namespace

OwningUsers::OwningUsers(test::World& world, proof::Driven driven)
    : Users(world, proof::owned_terms(driven, world.sources(), world.id())),
      driven_(driven),
      owners_served_(world, driven) {
    if (driven == proof::Driven::config_mirror) records_ = std::make_unique<Records>(world);
    make_space(ANSWERING);
    make_space(FLICKERING);
    for (const auto& one : called()) {
        give(sources_, source_ref(one), hand_.make(source_object(one)));
        const auto owner = owner_ref(one);
        give(owners_, owner,
             hand_.make(owners_served_.object(owner.namespace_name, owner.name, spec_of_called(one.name))));
    }
}

std::vector<Action> OwningUsers::called() const {
    std::vector<Action> all = {{.space = ANSWERING, .name = CALLED, .to = CALLED, .value = calls_}};
    if (has_secrets()) all.push_back({.space = ANSWERING, .name = CALLED_SECRET, .to = CALLED_SECRET, .value = calls_});
    return all;
}

kube::Ref OwningUsers::ref_named(const std::string& namespace_name, const std::string& name) const {
    const bool is_secret = has_secrets() && name.starts_with(SECRET);
    return is_secret ? test::secret(namespace_name, name) : test::config_map(namespace_name, name);
}

kube::Ref OwningUsers::place(const Action& action) const {
    if (!has_pods()) return ref_named(space(action.space), action.name);
    const auto* owner = action.value % 2 == 0 ? "one" : "two";
    return test::config_map(space(action.space), "pod-" + action.name + "-from-" + owner + "-cfg");
}

bool OwningUsers::is_marked(const Json& object) const {
    const auto labels = test::labels_of(object);
    return !test::annotations_of(object).contains(test::CLAIM) &&
           (labels.contains("synced-by") || labels.contains("mirror.configmirror.io/owner") ||
            labels.contains("podconfig.example.com/pod-uid"));
}

kube::Ref OwningUsers::source_ref(const Action& action) const {
    if (!has_pods()) return ref_named(world_.sources(), action.name);
    return {{"v1", "Pod"}, space(action.space), action.name};
}

kube::Ref OwningUsers::owner_ref(const Action& action) const {
    return owners_served_.ref(has_pods() ? space(action.space) : world_.sources(), action.to);
}

Json OwningUsers::source_object(const Action& action) const {
    const auto ref = source_ref(action);
    if (has_pods()) {
        return proof::pod_object(ref.namespace_name, ref.name,
                                 {{"app", "web"}, {"tier", std::to_string(action.value % 3)}});
    }
    auto object = object_at(ref, labelled({{"app", action.name == CALLED ? CALLED : "web"}}));
    object.merge_patch(content_for(ref.kind, content_of(action.load, action.value)));
    return object;
}

/// All fields that owners of the kind may have, null where this one has not.
Json OwningUsers::spec_of(const Action& action) const {
    Bits bits(action.value);
    Json targets = Json::array();
    for (const char* word : {"red", "blue", "green"}) {
        if (bits.below(2) == 1) targets.push_back(space(word));
    }
    if (targets.empty()) targets.push_back(space("red"));
    const auto selecting = bits.below(4);
    if (has_pods()) {
        return {{"podSelector", selecting == 0 ? Json() : Json{{"matchLabels", {{"app", "web"}}}}},
                {"labelsToInclude", bits.below(2) == 0 ? Json() : Json::array({"tier"})}};
    }
    if (driven_ == proof::Driven::config_mirror) {
        const Json by_expression = {
            {"matchExpressions",
             Json::array({{{"key", "app"}, {"operator", "In"}, {"values", Json::array({"web", "db"})}}})}};
        return {{"sourceNamespace", world_.sources()},
                {"selector", selecting == 0 ? by_expression : Json{{"matchLabels", {{"app", "web"}}}}},
                {"targetNamespaces", targets},
                {"database", Records::spec(action.value >> 20U)}};
    }
    static constexpr std::array POLICIES = {"", "", "", "Refuse", "Adopt", "Overwrite"};
    const Json asking = {{WORLD, world_.id()}, {"asks", "yes"}};
    const auto keys = bits.below(4);
    const std::string conflict = POLICIES[bits.below(POLICIES.size())];
    const auto source = bits.below(4);
    const bool of_secret = (action.value >> 20U) % 4 == 1;
    const bool merges = (action.value >> 22U) % 4 == 1;
    return {{"sourceNamespace", world_.sources()},
            {"sourceConfigMap", of_secret     ? Json()
                                : source == 0 ? Json("b")
                                : source == 1 ? Json("c")
                                              : Json("a")},
            {"sourceSecret", of_secret ? Json(SECRET) : Json()},
            {"targetNamespaces", targets},
            {"namespaceSelector", selecting == 1 ? asking : Json()},
            {"targetSelector", selecting == 2 ? Json{{"matchLabels", asking}} : Json()},
            {"keys", keys == 0   ? Json::array({"k"})
                     : keys == 1 ? Json::array({"k*", "bytes"})
                                 : Json()},
            {"conflictPolicy", merges             ? Json("Merge")
                               : conflict.empty() ? Json()
                                                  : Json(conflict)}};
}

/// Changes with each call, and depends on all that an owner of the kind can depend on.
Json OwningUsers::spec_of_called(const std::string& source) const {
    const bool odd = calls_ % 2 == 1;
    switch (driven_) {
        case proof::Driven::pod_configmap:
            return {{"labelsToInclude", odd ? Json::array({"tier"}) : Json::array({"tier", "app"})}};
        case proof::Driven::config_mirror: {
            Json targets = Json::array({space(ANSWERING)});
            if (odd) targets.push_back(space(FLICKERING));
            return {{"sourceNamespace", world_.sources()},
                    {"selector", {{"matchLabels", {{"app", CALLED}}}}},
                    {"targetNamespaces", targets},
                    {"database", Records::spec(0)}};
        }
        case proof::Driven::configmap_syncer:
            break;
    }
    return {{"sourceNamespace", world_.sources()},
            {source == CALLED_SECRET ? "sourceSecret" : "sourceConfigMap", source},
            {"targetNamespaces", Json::array({space(ANSWERING)})},
            {"namespaceSelector", {{WORLD, world_.id()}, {"flickers", "yes"}}},
            {"keys", odd ? Json::array({"k"}) : Json::array({"*"})}};
}

void OwningUsers::act(const Action& action) {
    do_act(action);
    see_what_may_be_taken();
}

void OwningUsers::do_act(const Action& action) {
    const auto source = source_ref(action);
    const auto owner = owner_ref(action);
    switch (action.what) {
        case What::source_make:
            return give(sources_, source, hand_.make(source_object(action)));
        case What::source_edit:
            return give(
                sources_, source,
                hand_.merge(source, has_pods() ? labelled({{"tier", std::to_string(action.value % 3)}})
                                               : content_for(source.kind, content_of(action.load, action.value))));
        case What::source_note:
            return give(
                sources_, source,
                hand_.merge(source, {{"metadata", {{"annotations", {{"note", std::to_string(action.value)}}}}}}));
        case What::source_mark:
            return give(sources_, source, hand_.merge(source, labelled({{"app", "web"}})));
        case What::source_unmark:
            return give(sources_, source, hand_.merge(source, labelled({{"app", nullptr}})));
        case What::source_remove:
            return take(sources_, source);
        case What::owner_make: {
            Json object = owners_served_.object(owner.namespace_name, owner.name, Json::object());
            object.merge_patch({{"spec", spec_of(action)}});
            return give_owner(owner, hand_.make(object));
        }
        case What::owner_edit:
            return give_owner(owner, hand_.merge(owner, {{"spec", spec_of(action)}}));
        case What::owner_remove:
            return take(owners_, owner);
        case What::space_make:
            return make_space(action.space);
        case What::space_in:
            return label_space(action.space, {{"asks", "yes"}});
        case What::space_out:
            return label_space(action.space, {{"asks", nullptr}});
        case What::space_remove:
            Users::act(action);
            if (!given_.spaces.contains(space(action.space))) forget_what_is_in(space(action.space));
            return;
        case What::plant_marked:
            if (driven_ == proof::Driven::configmap_syncer)
                return plant(action, {{"labels", {{"synced-by", "one"}, {"synced-from", world_.sources()}}}});
            if (driven_ == proof::Driven::config_mirror)
                return plant(action, {{"labels", {{"mirror.configmirror.io/owner", world_.sources() + ".one"}}}});
            return plant(action, Json::object());
        case What::records_refuse:
            return records_->refuse();
        case What::records_take:
            return records_->take_again();
        case What::records_cut:
            return records_->cut();
        case What::copy_unclaim:
            // What a pod's copy is marked with names the pod's uid, which a model of labels does not know.
            if (!has_pods()) Users::act(action);
            return;
        default:
            return Users::act(action);
    }
}

void OwningUsers::call() {
    ++calls_;
    for (const auto& one : called()) {
        const auto source = source_ref(one);
        const Json content = {{"data", {{"k", std::to_string(calls_)}, {"l", "1"}}}};
        give(sources_, source,
             hand_.merge(source, has_pods() ? labelled({{"tier", std::to_string(calls_)}})
                                            : content_for(source.kind, content)));
        give(owners_, owner_ref(one), hand_.merge(owner_ref(one), {{"spec", spec_of_called(one.name)}}));
    }
    label_space(FLICKERING, {{"flickers", calls_ % 2 == 1 ? Json("yes") : Json()}});
    for (const auto& one : called()) {
        const auto copy = ref_named(space(ANSWERING), has_pods() ? "pod-called-from-called-cfg" : one.name);
        if (const auto found = hand_.find(copy)) given_.gone.insert(test::uid_of(*found));
        if (hand_.remove(copy)) given_.drop(copy);
    }
}

void OwningUsers::give(Seen& given, const kube::Ref& ref, std::optional<Json> object) {
    // An owner that ends is no user's any more, whatever they change of it.
    if (object && !object->at("metadata").contains("deletionTimestamp")) given[ref] = std::move(*object);
}

void OwningUsers::give_owner(const kube::Ref& ref, std::optional<Json> object) {
    if (object && records_) records_->left(*object);
    give(owners_, ref, std::move(object));
}

void OwningUsers::take(Seen& given, const kube::Ref& ref) {
    if (hand_.remove(ref)) given.erase(ref);
}

void OwningUsers::make_space(const std::string& word) {
    const auto name = space(word);
    if (given_.spaces.contains(name)) return;
    world_.await_namespace_gone(name);
    world_.make_namespace(word, Json::object(), {{WORLD, world_.id()}, {"asks", "yes"}});
    given_.spaces[name] = true;
}

void OwningUsers::label_space(const std::string& word, const Json& labels) {
    if (given_.spaces.contains(space(word))) hand_.merge(test::namespace_ref(space(word)), labelled(labels));
}

void OwningUsers::forget_what_is_in(const std::string& name) {
    const auto in_it = [&](const auto& entry) { return entry.first.namespace_name == name; };
    std::erase_if(sources_, in_it);
    std::erase_if(owners_, in_it);
}

void OwningUsers::see_what_may_be_taken() {
    for (const auto& [owner_ref, owner] : owners_) {
        const auto existing = terms_.existing_for(&owner);
        if (existing == proof::Existing::refuse || existing == proof::Existing::marked) continue;
        for (const auto& [ref, source] : sources_) {
            for (const auto& [name, asks] : given_.spaces) {
                const auto space = hand_.find(test::namespace_ref(name));
                if (!space) continue;
                const auto wish = terms_.wish_of(&owner, proof::place_of(terms_, source), &source, *space);
                if (!wish) continue;
                exposed_.insert(wish->resource == "secrets" ? test::secret(name, wish->name)
                                                            : test::config_map(name, wish->name));
            }
        }
    }
}

bool OwningUsers::is_collected(const Json& object) const {
    const auto references = object.at("metadata").value("ownerReferences", Json::array());
    const auto is_there = [&](const Json& reference) {
        const auto uid = reference.at("uid").get<std::string>();
        const auto has_uid = [&](const auto& given) { return test::uid_of(given.second) == uid; };
        return std::ranges::any_of(sources_, has_uid) || std::ranges::any_of(owners_, has_uid);
    };
    return !references.empty() && std::ranges::none_of(references, is_there);
}

std::string OwningUsers::complaint_about_given(const Seen& seen) const {
    for (const auto& [place, source] : sources_) {
        const auto found = seen.find(place);
        auto told = not_as_given(place, source, found == seen.end() ? nullptr : &found->second, true);
        if (!told.empty()) return told;
    }
    for (const auto& [place, owner] : owners_) {
        const auto found = seen.find(place);
        auto told = not_as_given(place, owner, found == seen.end() ? nullptr : &found->second, false);
        if (!told.empty()) return told;
    }
    for (const auto& [place, object] : given_.foreign) {
        if (exposed_.contains(place) || is_collected(object)) continue;
        const auto found = seen.find(place);
        auto told = not_as_given(place, object, found == seen.end() ? nullptr : &found->second, true);
        if (!told.empty()) return told;
    }
    for (const auto& [place, object] : seen) {
        if (given_.gone.contains(test::uid_of(object))) return place.text() + " is still the old one";
        const bool is_given = sources_.contains(place) || owners_.contains(place);
        if ((place.kind == owners_served_.policy().resource.kind || place.kind.kind == "Pod") && !is_given &&
            given_.spaces.contains(place.namespace_name)) {
            return place.text() + " is still there";
        }
        if (place.kind == owners_served_.policy().resource.kind && !is_given &&
            place.namespace_name == world_.sources()) {
            return place.text() + " is not let go";
        }
    }
    return {};
}

void OwningUsers::heal() {
    if (records_) records_->take_again();
}

std::string OwningUsers::complaint_about_rows() const {
    std::vector<Records::Mirrored> all;
    for (const auto& [owner_ref, owner] : owners_) {
        // What it mirrors it mirrors to each of its namespaces.
        const Json space = {{"metadata", {{"name", owner.at("spec").at("targetNamespaces").front()}}}};
        auto& mirrored = all.emplace_back(Records::Mirrored{owner, {}});
        for (const auto& [ref, source] : sources_) {
            const auto wish = terms_.wish_of(&owner, proof::place_of(terms_, source), &source, space);
            if (wish) mirrored.sources.emplace(ref.name, wish->content);
        }
    }
    return records_->complaint(all);
}

std::string OwningUsers::complaint(const Seen& seen) const {
    const auto live = owners_served_.live();
    if (auto told = proof::unrest(seen, terms_, live); !told.empty()) return told;
    auto all = seen;
    for (const auto& object : live) all.emplace(test::ref_of(object), object);
    if (auto told = complaint_about_given(all); !told.empty()) return told;
    return records_ && !in_trouble() ? complaint_about_rows() : std::string();
}

}  // namespace moontide::plans
