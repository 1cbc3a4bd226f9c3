// The finalizer of owners: what it waits for, what it does not wait for, and what happens without it.
#include "copiers.hpp"
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const char* const HOLD = "example.com/hold";

void hold(World& world, const kube::Ref& ref) {
    world.api.merge(ref, {{"metadata", {{"finalizers", {HOLD}}}}});
}

void let_go(World& world, const kube::Ref& ref) {
    world.api.merge(ref, {{"metadata", {{"finalizers", nullptr}}}});
}

}  // namespace

TEST_CASE("an owner that is deleted goes when its last copy is really gone") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"shared"}, {red, blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    hold(world, config_map(red, "shared"));
    engine.settle();
    copiers.remove("one");
    world.expect_gone(config_map(blue, "shared"));
    engine.settle();
    CHECK(copiers.has_finalizer("one"));
    SECTION("in one run") {}
    SECTION("also through a restart") {
        engine.restart();
        engine.settle();
        CHECK(copiers.has_finalizer("one"));
    }
    SECTION("also through a crash") {
        engine.crash();
        engine.start();
        engine.settle();
        CHECK(copiers.has_finalizer("one"));
    }
    let_go(world, config_map(red, "shared"));
    copiers.expect_gone("one");
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
}

TEST_CASE("a clone of a copy and an object that is not ours hold no owner") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    const auto theirs = world.make_config_map(blue, "shared", {{"mine", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"shared"}, {red, blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    auto clone = world.api.get(config_map(red, "shared"));
    clone["metadata"] = {
        {"name", "clone"}, {"namespace", red}, {"labels", labels_of(clone)}, {"annotations", annotations_of(clone)}};
    clone = world.api.create(clone);
    engine.settle();
    copiers.remove("one");
    world.expect_gone(config_map(red, "shared"));
    copiers.expect_gone("one");
    world.check_untouched(clone);
    world.check_untouched(theirs);
}

TEST_CASE("other people's finalizers stay on an owner, and ours comes off in its turn") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make("one", {{"from", world.sources()}, {"names", {"shared"}}, {"to", {red}}}, {{"finalizers", {HOLD}}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    CHECK(copiers.has_finalizer("one"));
    copiers.remove("one");
    world.expect_gone(config_map(red, "shared"));
    world.await("our finalizer comes off",
                [&](const Objects&) { return copiers.has_finalizer("one") ? std::string("it is on") : std::string(); });
    CHECK(world.api.get(copiers.ref("one")).at("metadata").at("finalizers") == Json::array({HOLD}));
    engine.settle();
    world.check_absent(config_map(red, "shared"));
}

TEST_CASE("an owner that has the finalizer and never had a copy is let go") {
    World world;
    Copiers copiers(world);
    copiers.make("one", {{"from", world.sources()}, {"names", {"absent"}}, {"to", {"nowhere"}}},
                 {{"finalizers", {copiers.finalizer()}}});
    SECTION("deleted before the engine runs") {
        copiers.remove("one");
        Engine engine(world, {.policies = {copiers.policy()}});
        copiers.expect_gone("one");
    }
    SECTION("deleted while it runs") {
        Engine engine(world, {.policies = {copiers.policy()}});
        engine.settle();
        copiers.remove("one");
        copiers.expect_gone("one");
    }
}

TEST_CASE("an owner without a copy gets no finalizer, and goes at once") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"absent"}, {red});
    engine.settle();
    CHECK_FALSE(copiers.has_finalizer("one"));
    copiers.remove("one");
    copiers.expect_gone("one");
}

TEST_CASE("an owner that is gone by force takes its copies along") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"shared"}, {red});
    copiers.make_named("two", {"shared"}, {blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    engine.settle();
    SECTION("while the engine runs") {
        hold(world, config_map(red, "shared"));
        copiers.remove("one");
        world.await("the copy is being deleted", [&](const Objects& objects) {
            const auto* copy = objects.find(config_map(red, "shared"));
            return copy != nullptr && copy->at("metadata").contains("deletionTimestamp") ? "" : "it is not";
        });
        copiers.take_finalizers_off("one");
        copiers.expect_gone("one");
        let_go(world, config_map(red, "shared"));
    }
    SECTION("while it does not") {
        engine.stop();
        copiers.remove("one");
        copiers.take_finalizers_off("one");
        copiers.expect_gone("one");
        engine.start();
    }
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
}

TEST_CASE("a finalizer that somebody takes off is put on again") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    copiers.take_finalizers_off("one");
    world.await("the finalizer is on", [&](const Objects&) {
        return copiers.has_finalizer("one") ? std::string() : std::string("it is off");
    });
}

TEST_CASE("without a finalizer the copies of an owner go when it is seen to be gone") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy_without_finalizer()}});
    copiers.make_named("one", {"shared"}, {red});
    copiers.make_named("two", {"shared"}, {blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    CHECK_FALSE(copiers.has_finalizer("one"));
    engine.settle();
    SECTION("while the engine runs") {
        copiers.remove("one");
    }
    SECTION("while it does not") {
        engine.stop();
        copiers.remove("one");
        engine.start();
    }
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
}

TEST_CASE("owners that are gone in a mass wait for a yes") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    std::vector<std::string> names;
    for (int at = 0; at < 12; ++at) {
        names.push_back("c" + std::to_string(at));
        world.make_config_map(world.sources(), names.back(), {{"a", "1"}});
    }
    Engine engine(world, {.policies = {copiers.policy_without_finalizer()}});
    for (const auto& name : names) copiers.make_named(name, {name}, {red});
    for (const auto& name : names) world.expect_data(config_map(red, name), {{"a", "1"}});
    engine.settle();
    engine.stop();
    for (const auto& name : names) copiers.remove(name);
    engine.start();
    engine.settle();
    const auto pauses = engine.sync().pauses();
    REQUIRE(pauses.size() == 1);
    CHECK(pauses[0].vanished.size() == 12);
    CHECK(pauses[0].copies == 12);
    for (const auto& name : names) CHECK(world.api.find(config_map(red, name)));
    CHECK(engine.sync().confirm(pauses[0].plan));
    for (const auto& name : names) world.expect_gone(config_map(red, name));
}

TEST_CASE("one source that many owners ask for is one cause") {
    World world;
    Copiers copiers(world);
    std::vector<std::string> targets;
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    world.make_config_map(world.sources(), "other", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    for (int at = 0; at < 12; ++at) {
        targets.push_back(world.make_namespace("t" + std::to_string(at)));
        copiers.make_named("o" + std::to_string(at), {"shared", "other"}, {targets.back()});
    }
    for (const auto& target : targets) world.expect_data(config_map(target, "shared"), {{"a", "1"}});
    engine.settle();
    engine.stop();
    world.api.remove(config_map(world.sources(), "shared"));
    engine.start();
    for (const auto& target : targets) world.expect_gone(config_map(target, "shared"));
    engine.settle();
    for (const auto& target : targets) CHECK(world.api.find(config_map(target, "other")));
}

}  // namespace moontide::test
