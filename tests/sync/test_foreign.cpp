// Objects that are not ours stay as they are.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

/// What a user keeps of an object when it is applied elsewhere: `kubectl get -o yaml`, edited.
Json clone_of(const Json& object, const std::string& namespace_name, const std::string& name) {
    Json clone = object;
    for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "managedFields"}) {
        clone["metadata"].erase(field);
    }
    clone["metadata"]["namespace"] = namespace_name;
    clone["metadata"]["name"] = name;
    return clone;
}

std::vector<Json> events_about(const Objects& objects, const Json& about, const std::string& reason) {
    std::vector<Json> found;
    const auto ref = ref_of(about);
    for (const auto& [event_ref, event] : objects.all()) {
        if (event_ref.kind.kind != "Event") continue;
        const auto& involved = event.at("involvedObject");
        if (involved.value("namespace", "") == ref.namespace_name && involved.value("name", "") == ref.name &&
            event.value("reason", "") == reason) {
            found.push_back(event);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("a ConfigMap of that name that is not ours is refused for ever, and told") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto foreign = world.make_config_map(red, "shared", {{"mine", "yes"}});
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(blue, source);
    world.await("an Event on the source names the refused namespace", [&](const Objects& objects) -> std::string {
        for (const auto& event : events_about(objects, source, "TargetRefused")) {
            if (event.value("message", "").find(red) != std::string::npos) return "";
        }
        return "there is none";
    });
    world.check_untouched(foreign);
    engine.settle();
    CHECK(engine.sync().tallies().at(0).refused == 1);

    for (int round = 0; round < 20; ++round) source = world.change_data(source, {{"a", std::to_string(round)}});
    world.expect_copy(blue, source);
    pass_sentinel(world, engine);
    world.check_untouched(foreign);
    world.await("no more than three Events", [&](const Objects& objects) -> std::string {
        const auto count = events_about(objects, source, "TargetRefused").size();
        return count <= 3 ? "" : "there are " + std::to_string(count);
    });

    SECTION("also after a restart") {
        engine.restart();
        pass_sentinel(world, engine);
        world.check_untouched(foreign);
    }
    SECTION("also when the source goes") {
        world.remove(source);
        world.expect_copy_gone(blue, source);
        pass_sentinel(world, engine);
        world.check_untouched(foreign);
    }
    SECTION("also when the namespace stops asking") {
        world.annotate_namespace(red, {{TARGET_MARK, nullptr}});
        pass_sentinel(world, engine);
        world.check_untouched(foreign);
    }
    SECTION("until it is gone") {
        world.remove(foreign);
        world.expect_copy(red, source);
    }
    SECTION("until it is gone while the engine is down") {
        engine.stop();
        world.remove(foreign);
        engine.start();
        world.expect_copy(red, source);
    }
}

TEST_CASE("a ConfigMap that is in the way of a new namespace is served once it is gone") {
    World world;
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    engine.settle();
    const auto red = world.make_namespace("red");
    const auto foreign = world.make_config_map(red, "shared", {{"mine", "yes"}});
    world.annotate_namespace(red, {{TARGET_MARK, "true"}});
    pass_sentinel(world, engine);
    world.check_untouched(foreign);
    world.remove(foreign);
    world.expect_copy(red, source);
}

TEST_CASE("a ConfigMap whose sync-source names another source is foreign") {
    World world;
    const auto red = world.make_target("red");
    const auto other = world.make_config_map(red, "shared", {{"mine", "yes"}},
                                             {{"metadata", {{"annotations", {{COPY_MARK, "elsewhere/shared"}}}}}});
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    pass_sentinel(world, engine);
    world.check_untouched(other);
    world.remove(source);
    pass_sentinel(world, engine);
    world.check_untouched(other);
}

TEST_CASE("a clone of a copy is its user's") {
    World world;
    const auto red = world.make_target("red");
    const auto bystander = world.make_namespace("bystander");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    const auto copy = world.copy(red, source);

    std::vector<Json> clones;
    clones.push_back(world.api.create(clone_of(copy, red, "renamed")));
    clones.push_back(world.api.create(clone_of(copy, bystander, "shared")));
    clones.push_back(world.api.create(clone_of(copy, bystander, "renamed")));
    const auto stand = [&] {
        pass_sentinel(world, engine);
        for (const auto& clone : clones) world.check_untouched(clone);
    };
    stand();
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(red, source);
    stand();
    engine.restart();
    stand();

    SECTION("also when the source goes") {
        world.remove(source);
        world.expect_copy_gone(red, source);
        stand();
    }
    SECTION("also when the source goes while the engine is down") {
        engine.stop();
        world.remove(source);
        engine.start();
        world.expect_copy_gone(red, source);
        stand();
    }
    SECTION("also when the namespace of the copy stops asking") {
        world.annotate_namespace(red, {{TARGET_MARK, nullptr}});
        world.expect_copy_gone(red, source);
        stand();
    }
    SECTION("also when it is deleted and cloned again") {
        world.remove(clones[0]);
        clones[0] = world.api.create(clone_of(copy, red, "renamed"));
        stand();
    }
}

TEST_CASE("a copy that carries the source mark spreads nothing and goes with its source") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    // The second policy's sources are in a target of the first one.
    const auto blue = world.make_target("blue");
    const auto second = annotation_sync(blue, "second");
    Engine engine(world, {.policies = {annotation_sync(world.sources()), second}});
    world.expect_copies({red, blue}, source);
    world.api.merge(config_map(blue, "shared"), {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
    pass_sentinel(world, engine);
    const Json others = {{"annotations", {{SOURCE_MARK, "true"}}}};
    world.expect_copy_with(blue, source, others);
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(red, source);
    world.expect_copy_with(blue, source, others);
    world.remove(source);
    world.expect_copy_gone(red, source);
    world.expect_copy_gone(blue, source);
}

}  // namespace moontide::test
