// Namespaces come, go, ask and stop asking.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {

TEST_CASE("a namespace that is marked later receives every source") {
    World world;
    const auto a = world.make_source("a", {{"a", "1"}});
    const auto b = world.make_source("b", {{"b", "2"}});
    Engine engine(world);
    engine.settle();

    SECTION("made with its mark") {
        const auto red = world.make_target("red");
        world.expect_copy(red, a);
        world.expect_copy(red, b);
    }
    SECTION("marked after it was made") {
        const auto red = world.make_namespace("red");
        pass_sentinel(world, engine);
        world.check_absent(config_map(red, "a"));
        world.annotate_namespace(red, {{TARGET_MARK, "true"}});
        world.expect_copy(red, a);
        world.expect_copy(red, b);
    }
}

TEST_CASE("a namespace that stops asking is cleaned up") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto own = world.make_config_map(red, "own", {{"mine", "yes"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);

    SECTION("the mark is removed") {
        world.annotate_namespace(red, {{TARGET_MARK, nullptr}});
    }
    SECTION("the mark is set to something else") {
        world.annotate_namespace(red, {{TARGET_MARK, "false"}});
    }
    world.expect_copy_gone(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(own);
    world.expect_copy(blue, source);

    world.annotate_namespace(red, {{TARGET_MARK, "true"}});
    world.expect_copy(red, source);
}

TEST_CASE("a namespace that flickers ends as its last word says") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    for (int round = 0; round < 10; ++round) {
        world.annotate_namespace(red, {{TARGET_MARK, "false"}});
        world.annotate_namespace(red, {{TARGET_MARK, "true"}});
    }
    pass_sentinel(world, engine);
    world.expect_copy(red, source);
    for (int round = 0; round < 10; ++round) {
        world.annotate_namespace(red, {{TARGET_MARK, "true"}});
        world.annotate_namespace(red, {{TARGET_MARK, "false"}});
    }
    pass_sentinel(world, engine);
    world.check_absent(config_map(red, "shared"));
}

TEST_CASE("a namespace that is deleted and made again under its name is served again") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    const auto old_uid = uid_of(world.api.get(namespace_ref(red)));

    world.delete_namespace(red);
    world.await_namespace_gone(red);
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(blue, source);
    world.make_target("red");
    CHECK(uid_of(world.api.get(namespace_ref(red))) != old_uid);
    world.expect_copies({red, blue}, source);
    source = world.change_data(source, {{"a", "3"}});
    world.expect_copies({red, blue}, source);
}

TEST_CASE("nothing is made in a terminating namespace, and others are served") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    // Holds the namespace in its last phase until the test lets go.
    const auto hold =
        world.make_config_map(red, "hold", {{"a", "1"}}, {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);

    world.delete_namespace(red);
    world.await("the namespace is terminating", [&](const Objects& objects) -> std::string {
        const Json* object = objects.find(namespace_ref(red));
        if (object == nullptr) return "it is gone already";
        return object->at("metadata").contains("deletionTimestamp") ? "" : "it has no deletionTimestamp";
    });
    world.expect_copy_gone(red, source);

    // From here on the engine knows.
    const auto third = pass_sentinel(world, engine);
    const auto before = world.server.writes();
    const auto second = world.make_source("second", {{"b", "2"}});
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copies({blue, third}, second);
    world.expect_copies({blue, third}, source);
    engine.settle();
    // Ours, and one for each copy: no attempt that the server would refuse.
    CHECK(world.server.writes() - before == 2 + 2 + 2);
    world.check_absent(config_map(red, "shared"));
    world.check_absent(config_map(red, "second"));

    world.change(hold, {{"metadata", {{"finalizers", nullptr}}}});
    world.await_namespace_gone(red);
    world.make_target("red");
    world.expect_copy(red, source);
    world.expect_copy(red, second);
}

TEST_CASE("the namespace of the sources is no target of its own content") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    world.annotate_namespace(world.sources(), {{TARGET_MARK, "true"}});
    Engine engine(world);
    world.expect_copy(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(source);

    world.annotate_namespace(world.sources(), {{TARGET_MARK, nullptr}});
    pass_sentinel(world, engine);
    world.check_untouched(source);

    engine.restart();
    pass_sentinel(world, engine);
    world.check_untouched(source);
}

TEST_CASE("an excluded namespace receives nothing, even if it asks") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto local = world.id() + "-local";
    Engine engine(world, {.excluded_namespaces = {local}});
    world.make_target("local");
    for (const char* name : {"kube-public", "kube-node-lease", "kube-system"}) {
        if (!world.api.find(namespace_ref(name))) continue;
        world.annotate_namespace(name, {{TARGET_MARK, "true"}});
    }
    world.expect_copy(red, source);
    pass_sentinel(world, engine);
    for (const auto& name :
         {std::string("kube-public"), std::string("kube-node-lease"), std::string("kube-system"), local}) {
        world.check_absent(config_map(name, "shared"));
        if (name != local && world.api.find(namespace_ref(name)))
            world.annotate_namespace(name, {{TARGET_MARK, nullptr}});
    }
}

TEST_CASE("a namespace that becomes excluded is cleaned at the next start") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto own = world.make_config_map(red, "own", {{"mine", "yes"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    engine.setup.excluded_namespaces = {red};
    engine.restart();
    world.expect_copy_gone(red, source);
    engine.settle();
    world.check_untouched(own);
    world.expect_copy(blue, source);

    engine.setup.excluded_namespaces = {};
    engine.restart();
    world.expect_copies({red, blue}, source);
}

TEST_CASE("300 namespaces get, follow and lose their copies") {
    World world;
    const auto targets = world.make_targets(300);
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.settle();
    const auto mark = world.mirror.mark();
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copies(targets, source);
    engine.settle();
    world.catch_up();
    for (const auto& name : targets) {
        if (world.mirror.changes(mark, config_map(name, "shared")).size() != 1) FAIL_CHECK("not one write in " << name);
    }
    world.remove(source);
    world.await("all copies go", [&](const Objects& objects) {
        std::size_t left = 0;
        for (const auto& name : targets) left += objects.find(config_map(name, "shared")) == nullptr ? 0 : 1;
        return left == 0 ? std::string() : std::to_string(left) + " are still there";
    });
}

}  // namespace moontide::test
