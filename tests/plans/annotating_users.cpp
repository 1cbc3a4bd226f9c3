#include "annotating_users.hpp"

#include "expect.hpp"

#include <utility>

namespace moontide::plans {

namespace {

constexpr const char* CALLED = "called";
constexpr const char* ANSWERING = "answering";
constexpr const char* FLICKERING = "flickering";

Json annotated(const char* key, const Json& value) {
    return {{"metadata", {{"annotations", {{key, value}}}}}};
}

proof::Terms terms_of(const test::World& world, Policy policy) {
    auto terms = proof::annotation_sync_terms(world.sources(), world.id());
    if (policy == Policy::refuse) terms.existing = proof::Existing::refuse;
    return terms;
}

}  // namespace

AnnotatingUsers::AnnotatingUsers(test::World& world, Policy policy) : Users(world, terms_of(world, policy)) {
    make_space(ANSWERING);
    make_space(FLICKERING);
    make_source(CALLED, content_of(Load::small, 0));
}

void AnnotatingUsers::act(const Action& action) {
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
        case What::plant_marked:
            return plant(action, {{"annotations", {{test::COPY_MARK, world_.sources() + "/" + action.name}}}});
        default:
            return Users::act(action);
    }
}

void AnnotatingUsers::call() {
    change_source(CALLED, {{"data", {{"k", std::to_string(++calls_)}}}});
    ask(FLICKERING, !given_.spaces.at(space(FLICKERING)));
    const auto copy = test::config_map(space(ANSWERING), CALLED);
    if (const auto found = hand_.find(copy)) given_.gone.insert(test::uid_of(*found));
    if (hand_.remove(copy)) given_.drop(copy);
}

void AnnotatingUsers::make_source(const std::string& name, const Json& content) {
    auto object = object_at(test::config_map(world_.sources(), name), annotated(test::SOURCE_MARK, "true"));
    object.merge_patch(content);
    if (auto made = hand_.make(object)) given_.sources[name] = std::move(*made);
}

void AnnotatingUsers::change_source(const std::string& name, const Json& patch) {
    if (auto made = hand_.merge(test::config_map(world_.sources(), name), patch))
        given_.sources[name] = std::move(*made);
}

void AnnotatingUsers::remove_source(const std::string& name) {
    if (hand_.remove(test::config_map(world_.sources(), name))) given_.sources.erase(name);
}

void AnnotatingUsers::make_space(const std::string& word) {
    const auto name = space(word);
    if (given_.spaces.contains(name)) return;
    world_.await_namespace_gone(name);
    world_.make_target(word);
    given_.spaces[name] = true;
}

void AnnotatingUsers::ask(const std::string& word, bool asks) {
    const auto name = space(word);
    if (!given_.spaces.contains(name)) return;
    const Json patch = annotated(test::TARGET_MARK, asks ? Json("true") : Json(nullptr));
    if (hand_.merge(test::namespace_ref(name), patch)) given_.spaces[name] = asks;
}

}  // namespace moontide::plans
