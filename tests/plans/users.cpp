#include "users.hpp"

#include "annotating_users.hpp"
#include "owning_users.hpp"
#include "sandbox/base64.hpp"

#include <utility>

namespace moontide::plans {

namespace {

constexpr std::size_t BIG = 900UL * 1024;

Json metadata(const Json& fields) {
    return {{"metadata", fields}};
}

}  // namespace

std::unique_ptr<Users> Users::of(test::World& world, Policy policy) {
    switch (policy) {
        case Policy::configmap_syncer:
            return std::make_unique<OwningUsers>(world, proof::Driven::configmap_syncer);
        case Policy::config_mirror:
            return std::make_unique<OwningUsers>(world, proof::Driven::config_mirror);
        case Policy::pod_configmap:
            return std::make_unique<OwningUsers>(world, proof::Driven::pod_configmap);
        case Policy::annotation_sync:
        case Policy::refuse:
            break;
    }
    return std::make_unique<AnnotatingUsers>(world, policy);
}

Users::Users(test::World& world, proof::Terms terms)
    : world_(world), hand_(world.server.access()), terms_(std::move(terms)) {}

kube::Ref Users::place(const Action& action) const {
    return test::config_map(space(action.space), action.name);
}

bool Users::is_marked(const Json& object) const {
    return terms_.existing == proof::Existing::marked && terms_.marked(object);
}

void Users::act(const Action& action) {
    switch (action.what) {
        case What::space_remove:
            return remove_space(action.space);
        case What::copy_edit:
            return change_copy(
                action, content_for(place(action).kind, {{"data", {{"k", "edited-" + std::to_string(action.value)}}}}));
        case What::copy_remove:
            if (hand_.remove(place(action))) given_.drop(place(action));
            return;
        case What::copy_clone:
            return clone_copy(action);
        case What::copy_note:
            return change_copy(action, metadata({{"labels", {{"team", "red"}}}}));
        case What::copy_unlabel:
            return change_copy(action, metadata({{"labels", {{test::INSTANCE, nullptr}, {test::OWNER, nullptr}}}}));
        case What::copy_unclaim:
            return change_copy(action, metadata({{"annotations", {{test::CLAIM, nullptr}}}}));
        case What::copy_strip:
            return change_copy(action, metadata({{"labels", nullptr}, {"annotations", nullptr}}));
        case What::copy_fix:
            return change_copy(action, {{"immutable", true}});
        case What::plant:
            return plant(action, Json::object());
        default:
            return;
    }
}

/// Four of these letters are three bytes each way.
Json Users::content_of(Load load, std::uint64_t value) {
    const auto text = "value-" + std::to_string(value);
    switch (load) {
        case Load::small:
            return {{"data", {{"k", text}, {"k" + std::to_string(value % 3), value % 2 == 0 ? Json(text) : Json()}}}};
        case Load::big:
            return {{"data", {{"big", text + std::string(BIG, static_cast<char>('a' + value % 26))}}}};
        case Load::binary:
            return {{"binaryData", {{"bytes", std::string(40, static_cast<char>('A' + value % 26)) + "/+8A"}}}};
        case Load::immutable:
            return {{"data", {{"k", text}}}, {"immutable", true}};
        case Load::empty:
            return {{"data", nullptr}, {"binaryData", nullptr}};
    }
    return {};
}

Json Users::content_for(const kube::Kind& kind, Json content) {
    if (kind.kind != "Secret") return content;
    Json data;
    for (const char* field : {"data", "binaryData"}) {
        if (!content.contains(field)) continue;
        for (const auto& [key, value] : content.at(field).items()) {
            data[key] = value.is_null() ? value : Json(sandbox::base64("hidden " + value.get<std::string>()));
        }
        content.erase(field);
        content["data"] = data;
    }
    return content;
}

Json Users::object_at(const kube::Ref& ref, const Json& content) {
    Json object = {{"apiVersion", ref.kind.api_version},
                   {"kind", ref.kind.kind},
                   {"metadata", {{"namespace", ref.namespace_name}, {"name", ref.name}}}};
    object.merge_patch(content);
    return object;
}

void Users::remove_space(const std::string& word) {
    if (hand_.remove(test::namespace_ref(space(word)))) given_.drop_space(space(word));
}

void Users::change_copy(const Action& action, const Json& patch) {
    if (const auto made = hand_.merge(place(action), patch)) given_.put(*made, terms_, is_marked(*made));
}

void Users::clone_copy(const Action& action) {
    auto object = hand_.find(place(action));
    if (!object) return;
    const auto& from = object->at("metadata");
    auto to = place({.space = action.to, .name = action.name, .value = action.value});
    if (action.value % 2 == 0) to.name += "-clone";
    Json clone = object_at(to, proof::content_of(*object));
    for (const char* field : {"labels", "annotations"}) clone["metadata"][field] = from.value(field, Json::object());
    if (const auto made = hand_.make(clone)) given_.put(*made, terms_, is_marked(*made));
}

void Users::plant(const Action& action, const Json& marks) {
    const auto at = place(action);
    auto object = object_at(at, metadata(marks));
    object.merge_patch(content_for(at.kind, {{"data", {{"mine", std::to_string(action.value)}}}}));
    if (const auto made = hand_.make(object)) given_.put(*made, terms_, is_marked(*made));
}

}  // namespace moontide::plans
