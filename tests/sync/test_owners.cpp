// Custom resources that ask for copies: their sources, their namespaces, and what becomes of both when they change.
#include "copiers.hpp"
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {

TEST_CASE("an owner's copies follow its source, its namespaces and its changes of mind") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "other", {{"b", "1"}});
    auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    world.check_absent(config_map(blue, "shared"));
    world.check_absent(config_map(red, "other"));
    CHECK(copiers.has_finalizer("one"));
    CHECK(labels_of(world.api.get(config_map(red, "shared"))).value("by", "") == "one");
    CHECK(labels_of(world.api.get(config_map(red, "shared"))).value("moontide.dev/owner", "") ==
          uid_of(world.api.get(copiers.ref("one"))));

    source = world.change_data(source, {{"a", "2"}});
    world.expect_data(config_map(red, "shared"), {{"a", "2"}});
    copiers.change("one", {{"to", {red, blue}}});
    world.expect_data(config_map(blue, "shared"), {{"a", "2"}});
    copiers.change("one", {{"to", {blue}}});
    world.expect_gone(config_map(red, "shared"));
    copiers.change("one", {{"names", {"other"}}});
    world.expect_data(config_map(blue, "other"), {{"b", "1"}});
    world.expect_gone(config_map(blue, "shared"));

    world.api.remove(config_map(blue, "other"));
    world.catch_up();
    world.expect_data(config_map(blue, "other"), {{"b", "1"}});
    copiers.remove("one");
    world.expect_gone(config_map(blue, "other"));
    copiers.expect_gone("one");
    engine.settle();
}

TEST_CASE("what an owner selects by labels comes and goes with them") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red", Json::object(), {{"team", world.id()}});
    auto in =
        world.make_config_map(world.sources(), "in", {{"a", "1"}}, {{"metadata", {{"labels", {{"app", "web"}}}}}});
    auto out = world.make_config_map(world.sources(), "out", {{"b", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make("one", {{"from", world.sources()},
                         {"selector", {{"matchLabels", {{"app", "web"}}}}},
                         {"labels", {{"team", world.id()}}}});
    world.expect_data(config_map(red, "in"), {{"a", "1"}});
    engine.settle();
    world.check_absent(config_map(red, "out"));

    out = world.change(out, {{"metadata", {{"labels", {{"app", "web"}}}}}});
    world.expect_data(config_map(red, "out"), {{"b", "1"}});
    in = world.change(in, {{"metadata", {{"labels", {{"app", nullptr}}}}}});
    world.expect_gone(config_map(red, "in"));
    const auto blue = world.make_namespace("blue", Json::object(), {{"team", world.id()}});
    world.expect_data(config_map(blue, "out"), {{"b", "1"}});
    world.api.merge(namespace_ref(blue), {{"metadata", {{"labels", {{"team", "other"}}}}}});
    world.expect_gone(config_map(blue, "out"));
    world.remove(out);
    world.expect_gone(config_map(red, "out"));

    // What was passed over so far is found when a selection widens.
    copiers.change("one", {{"selector", {{"matchLabels", nullptr}}}});
    world.expect_data(config_map(red, "in"), {{"a", "1"}});
    engine.settle();
}

TEST_CASE("an owner that was edited while no engine ran gets what it asks for now, and nothing else") {
    World world;
    Copiers copiers(world);
    std::vector<std::string> targets;
    for (const char* word : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"})
        targets.push_back(world.make_namespace(word));
    world.make_config_map(world.sources(), "first", {{"a", "1"}});
    world.make_config_map(world.sources(), "second", {{"b", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    copiers.make_named("one", {"first"}, targets);
    for (const auto& target : targets) world.expect_data(config_map(target, "first"), {{"a", "1"}});
    engine.settle();
    engine.stop();

    SECTION("fewer namespaces: that many are one owner's own doing, and wait for nobody's yes") {
        copiers.change("one", {{"to", {targets[0]}}});
        engine.start();
        for (std::size_t at = 1; at < targets.size(); ++at) world.expect_gone(config_map(targets[at], "first"));
        world.expect_data(config_map(targets[0], "first"), {{"a", "1"}});
    }
    SECTION("another source") {
        copiers.change("one", {{"names", {"second"}}});
        engine.start();
        for (const auto& target : targets) {
            world.expect_data(config_map(target, "second"), {{"b", "1"}});
            world.expect_gone(config_map(target, "first"));
        }
    }
    SECTION("nothing changed: nothing is written") {
        const auto before = world.server.writes();
        engine.start();
        engine.settle();
        CHECK(world.server.writes() == before);
    }
    SECTION("the owner deleted") {
        copiers.remove("one");
        engine.start();
        for (const auto& target : targets) world.expect_gone(config_map(target, "first"));
        copiers.expect_gone("one");
    }
    SECTION("the source deleted") {
        world.api.remove(config_map(world.sources(), "first"));
        engine.start();
        for (const auto& target : targets) world.expect_gone(config_map(target, "first"));
    }
    engine.settle();
}

TEST_CASE("copies of a source that is gone stay where the policy keeps orphans, until their owner thinks otherwise") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    const auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy("existing = 'marked', orphans = 'keep'")}});
    copiers.make_named("one", {"shared"}, {red, blue});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    const bool is_seen = GENERATE(true, false);
    CAPTURE(is_seen);
    if (!is_seen) engine.stop();
    world.remove(source);
    if (!is_seen) engine.start();
    engine.settle();
    world.catch_up();
    const auto kept = world.api.get(config_map(red, "shared"));
    copiers.change("one", {{"to", {red}}});
    world.expect_gone(config_map(blue, "shared"));
    world.check_untouched(kept);
    SECTION("it is deleted") {
        copiers.remove("one");
    }
    SECTION("it names another source") {
        copiers.change("one", {{"names", {"absent"}}});
    }
    SECTION("and the source's return updates them") {
        world.make_config_map(world.sources(), "shared", {{"a", "2"}});
        world.expect_data(config_map(red, "shared"), {{"a", "2"}});
        copiers.remove("one");
    }
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
}

TEST_CASE("a policy waits for its owners' kind and starts without a restart") {
    World world;
    Copiers copiers(world, world.id() + ".example.com");
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy()}});
    engine.settle();
    REQUIRE(engine.sync().ailments().size() == 1);
    CHECK_THAT(engine.sync().ailments()[0].message, Catch::Contains("Copier") && Catch::Contains("not installed"));
    CHECK(engine.sync().ailments()[0].unasked);
    copiers.install();
    copiers.make_named("one", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    copiers.remove("one");
    world.expect_gone(config_map(red, "shared"));
    copiers.expect_gone("one");
}

TEST_CASE("a Secret of another namespace goes along where it allows who asks or the target, and only then") {
    World world;
    Copiers copiers(world);
    const auto home = world.make_namespace("home");
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    const auto make = [&](const std::string& namespace_name) {
        return world.api.create({{"apiVersion", "v1"},
                                 {"kind", "Secret"},
                                 {"metadata", {{"namespace", namespace_name}, {"name", "password"}}},
                                 {"data", {{"password", "aHVudGVyMg=="}}}});
    };
    const auto theirs = make(home);
    world.make_config_map(home, "shared", {{"a", "1"}});
    const std::string lua = R"(return {
      api   = "moontide/v1",
      owner = { apiVersion = ")" +
                            copiers.group() + R"(/v1", kind = "Copier", namespace = "@SOURCES@" },
      from  = { { kind = "ConfigMap", namespace = "{owner.spec.from}", name = "{owner.spec.names}" },
                { kind = "Secret", namespace = "{owner.spec.from}", name = "{owner.spec.names}" } },
      into  = { namespace = "{owner.spec.to}" },
    })";
    Engine engine(world, {.policies = {policy_of(world, lua)}});
    copiers.make("one", {{"from", home}, {"names", {"password", "shared"}}, {"to", {red, blue}}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    world.check_absent(secret(red, "password"));
    world.check_absent(secret(blue, "password"));

    const auto allow = [&](const Json& list) {
        world.api.merge(secret(home, "password"), {{"metadata", {{"annotations", {{"moontide.dev/allow-to", list}}}}}});
    };
    allow(red);
    world.expect_data(secret(red, "password"), {{"password", "aHVudGVyMg=="}});
    engine.settle();
    world.check_absent(secret(blue, "password"));
    allow(world.sources());
    world.expect_data(secret(blue, "password"), {{"password", "aHVudGVyMg=="}});
    allow(nullptr);
    world.expect_gone(secret(red, "password"));
    world.expect_gone(secret(blue, "password"));

    make(world.sources());
    copiers.change("one", {{"from", world.sources()}});
    world.expect_data(secret(red, "password"), {{"password", "aHVudGVyMg=="}});
    copiers.remove("one");
    world.expect_gone(secret(red, "password"));
    world.check_untouched(world.api.get(ref_of(theirs)));
}

}  // namespace moontide::test
