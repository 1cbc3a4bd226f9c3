#include "users.hpp"

#include "expect.hpp"

#include <utility>

namespace moontide::plans {

namespace {

constexpr const char* CALLED = "called";
constexpr const char* ANSWERING = "answering";
constexpr const char* FLICKERING = "flickering";
constexpr std::size_t BIG = 900UL * 1024;

Json metadata(const Json& fields) {
    return {{"metadata", fields}};
}

Json annotated(const char* key, const Json& value) {
    return metadata({{"annotations", {{key, value}}}});
}

/// Merged into an object. Four of these letters are three bytes each way.
Json content_of(Load load, std::uint64_t value) {
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

Json config_map(const std::string& namespace_name, const std::string& name, const Json& content) {
    Json object = {
        {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"namespace", namespace_name}, {"name", name}}}};
    object.merge_patch(content);
    return object;
}

proof::Terms terms_of(const test::World& world, Policy policy) {
    auto terms = proof::annotation_sync_terms(world.sources(), world.id());
    if (policy == Policy::refuse) terms.existing = proof::Existing::refuse;
    return terms;
}

}  // namespace

Users::Users(test::World& world, Policy policy)
    : world_(world), hand_(world.server.access()), terms_(terms_of(world, policy)) {
    make_space(ANSWERING);
    make_space(FLICKERING);
    make_source(CALLED, content_of(Load::small, 0));
}

void Users::act(const Action& action) {
    switch (action.what) {
        case What::source_make:
            return make_source(action.name, content_of(action.load, action.value));
        case What::source_edit:
            return change_source(action.name, content_of(action.load, action.value));
        case What::source_note:
            return change_source(action.name, annotated("example.com/note", std::to_string(action.value)));
        case What::source_mark:
            return change_source(action.name, annotated(test::SOURCE_MARK, "true"));
        case What::source_unmark:
            return change_source(action.name, annotated(test::SOURCE_MARK, nullptr));
        case What::source_remove:
            return remove_source(action.name);
        case What::space_make:
            return make_space(action.space);
        case What::space_in:
            return ask(action.space, true);
        case What::space_out:
            return ask(action.space, false);
        case What::space_remove:
            return remove_space(action.space);
        case What::copy_edit:
            return change_copy(action, {{"data", {{"k", "edited-" + std::to_string(action.value)}}}});
        case What::copy_remove:
            return remove_copy(place(action));
        case What::copy_clone:
            return clone_copy(action);
        case What::copy_note:
            return change_copy(action, metadata({{"labels", {{"team", "red"}}}}));
        case What::copy_unlabel:
            return change_copy(action, metadata({{"labels", {{test::INSTANCE, nullptr}, {test::OWNER, nullptr}}}}));
        case What::copy_unclaim:
            return change_copy(action, annotated(test::CLAIM, nullptr));
        case What::copy_strip:
            return change_copy(action, metadata({{"labels", nullptr}, {"annotations", nullptr}}));
        case What::copy_fix:
            return change_copy(action, {{"immutable", true}});
        case What::plant:
            return plant(action, Json::object());
        case What::plant_marked:
            return plant(action, {{test::COPY_MARK, world_.sources() + "/" + action.name}});
        case What::engine_start:
        case What::engine_stop:
        case What::engine_kill:
        case What::engine_restart:
        case What::rest:
            return;
    }
}

void Users::call() {
    change_source(CALLED, {{"data", {{"k", std::to_string(++calls_)}}}});
    ask(FLICKERING, !given_.spaces.at(space(FLICKERING)));
    const auto copy = test::config_map(space(ANSWERING), CALLED);
    if (const auto found = hand_.find(copy)) given_.gone.insert(test::uid_of(*found));
    hand_.remove(copy);
}

void Users::make_source(const std::string& name, const Json& content) {
    auto object = config_map(world_.sources(), name, annotated(test::SOURCE_MARK, "true"));
    object.merge_patch(content);
    if (auto made = hand_.make(object)) given_.sources[name] = std::move(*made);
}

void Users::change_source(const std::string& name, const Json& patch) {
    if (auto made = hand_.merge(test::config_map(world_.sources(), name), patch))
        given_.sources[name] = std::move(*made);
}

void Users::remove_source(const std::string& name) {
    if (hand_.remove(test::config_map(world_.sources(), name))) given_.sources.erase(name);
}

void Users::make_space(const std::string& word) {
    const auto name = space(word);
    if (given_.spaces.contains(name)) return;
    world_.await_namespace_gone(name);
    world_.make_target(word);
    given_.spaces[name] = true;
}

void Users::ask(const std::string& word, bool asks) {
    const auto name = space(word);
    if (!given_.spaces.contains(name)) return;
    const Json patch = annotated(test::TARGET_MARK, asks ? Json("true") : Json(nullptr));
    if (hand_.merge(test::namespace_ref(name), patch)) given_.spaces[name] = asks;
}

void Users::remove_space(const std::string& word) {
    if (hand_.remove(test::namespace_ref(space(word)))) given_.drop_space(space(word));
}

void Users::change_copy(const Action& action, const Json& patch) {
    if (const auto made = hand_.merge(place(action), patch)) given_.put(*made, terms_);
}

void Users::remove_copy(const kube::Ref& place) {
    if (hand_.remove(place)) given_.drop(place);
}

void Users::clone_copy(const Action& action) {
    auto object = hand_.find(place(action));
    if (!object) return;
    const auto& from = object->at("metadata");
    auto name = action.name;
    if (action.value % 2 == 0) name += "-clone";
    Json clone = config_map(space(action.to), name, proof::content_of(*object));
    for (const char* field : {"labels", "annotations"}) clone["metadata"][field] = from.value(field, Json::object());
    if (const auto made = hand_.make(clone)) given_.put(*made, terms_);
}

void Users::plant(const Action& action, const Json& annotations) {
    auto object = config_map(space(action.space), action.name, metadata({{"annotations", annotations}}));
    object["data"] = {{"mine", std::to_string(action.value)}};
    if (const auto made = hand_.make(object)) given_.put(*made, terms_);
}

}  // namespace moontide::plans
