// Owners that ask for the same copy.
#include "copiers.hpp"
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {

TEST_CASE("the owner that holds a copy keeps it, and the next one takes over in one write") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"from", "sources"}});
    const auto others = world.make_namespace("others");
    const auto green = world.make_namespace("green");
    auto theirs = world.make_config_map(others, "shared", {{"from", "others"}});
    const bool two_policies = GENERATE(false, true);
    CAPTURE(two_policies);
    std::vector<policy::PolicyPtr> policies{copiers.policy("existing = 'marked'", "first-policy", "name = 'first', ")};
    if (two_policies) {
        policies.push_back(copiers.policy("existing = 'marked'", "second-policy", "name = 'second', "));
    } else {
        policies = {copiers.policy()};
    }
    Engine engine(world, {.policies = policies});
    copiers.make("first", {{"from", world.sources()}, {"names", {"shared"}}, {"to", {red}}});
    world.expect_data(config_map(red, "shared"), {{"from", "sources"}});
    engine.settle();
    copiers.make("second", {{"from", others}, {"names", {"shared"}}, {"to", {red, green}}});
    engine.expect_refused(red);
    theirs = world.change_data(theirs, {{"from", "others"}, {"n", "2"}});
    world.expect_data(config_map(green, "shared"), {{"from", "others"}, {"n", "2"}});
    world.expect_data(config_map(red, "shared"), {{"from", "sources"}});
    const auto uid = uid_of(world.api.get(config_map(red, "shared")));
    if (GENERATE(false, true)) {
        engine.forget_deeds();
        engine.restart();
        engine.expect_refused(red);
    }
    engine.settle();

    const auto mark = world.mirror.mark();
    const bool deleted = GENERATE(true, false);
    CAPTURE(deleted);
    if (deleted) {
        copiers.remove("first");
    } else {
        copiers.change("first", {{"to", Json::array()}});
    }
    world.expect_data(config_map(red, "shared"), {{"from", "others"}, {"n", "2"}});
    if (deleted) copiers.expect_gone("first");
    engine.settle();
    CHECK(uid_of(world.api.get(config_map(red, "shared"))) == uid);
    const auto changes = world.changes_since(mark, config_map(red, "shared"));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].what == Change::What::modified);
    copiers.remove("second");
    world.expect_gone(config_map(red, "shared"));
    copiers.expect_gone("second");
}

TEST_CASE("a copy is handed over while its holder waits for another one") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("first", {"shared"}, {red, blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    world.api.merge(config_map(blue, "shared"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    copiers.make_named("second", {"shared"}, {red});
    engine.expect_refused(red);
    CHECK(labels_of(world.api.get(config_map(red, "shared"))).value("by", "") == "first");
    const auto uid = uid_of(world.api.get(config_map(red, "shared")));
    copiers.remove("first");
    world.await("the next one has it", [&](const Objects& objects) {
        const auto* copy = objects.find(config_map(red, "shared"));
        if (copy == nullptr) return std::string("there is none");
        return labels_of(*copy).value("by", "") == "second" ? std::string() : labels_of(*copy).dump();
    });
    engine.settle();
    CHECK(uid_of(world.api.get(config_map(red, "shared"))) == uid);
    CHECK(copiers.has_finalizer("first"));
    world.api.merge(config_map(blue, "shared"), {{"metadata", {{"finalizers", nullptr}}}});
    copiers.expect_gone("first");
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
}

TEST_CASE("where nobody holds a copy yet, the oldest owner gets it") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    const auto first = copiers.make_named("a", {"shared"}, {red});
    const auto second = copiers.make_named("b", {"shared"}, {red});
    const auto age = [](const Json& object) {
        return object.at("metadata").at("creationTimestamp").get<std::string>() + uid_of(object);
    };
    const std::string oldest = age(first) < age(second) ? "a" : "b";
    Engine engine(world, {.policies = {copiers.policy()}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    CHECK(labels_of(world.api.get(config_map(red, "shared"))).value("by", "") == oldest);
}

TEST_CASE("an owner that went while it waited for a copy holds nobody up") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy_without_finalizer()}});
    copiers.make_named("first", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    copiers.make_named("second", {"shared"}, {red});
    engine.expect_refused(red);
    copiers.remove("second");
    engine.settle();
    copiers.remove("first");
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
}

}  // namespace moontide::test
