// More than one policy, source or engine wants the same place.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

Json marked_in(World& world, const std::string& namespace_name, const std::string& name, const Json& data) {
    return world.make_config_map(namespace_name, name, data,
                                 {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
}

}  // namespace

TEST_CASE("who holds a target keeps it, and the next one takes over in one write") {
    World world;
    const auto red = world.make_target("red");
    const auto others = world.make_namespace("others");
    auto first = world.make_source("shared", {{"from", "first"}});
    Engine engine(world, {.policies = {annotation_sync(world.sources()), annotation_sync(others, "second")}});
    world.expect_copy(red, first);
    auto second = marked_in(world, others, "shared", {{"from", "second"}});
    pass_sentinel(world, engine);
    world.expect_copy(red, first);
    const auto uid = uid_of(world.copy(red, first));
    first = world.change_data(first, {{"n", "2"}});
    world.expect_copy(red, first);
    second = world.change_data(second, {{"n", "2"}});
    pass_sentinel(world, engine);
    world.expect_copy(red, first);

    const auto mark = world.mirror.mark();
    SECTION("when the holder's source is deleted") {
        world.remove(first);
    }
    SECTION("when the holder's source is unmarked") {
        world.change(first, {{"metadata", {{"annotations", {{SOURCE_MARK, nullptr}}}}}});
    }
    world.expect_copy(red, second);
    engine.settle();
    CHECK(uid_of(world.copy(red, second)) == uid);
    const auto changes = world.changes_since(mark, config_map(red, "shared"));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].what == Change::What::modified);

    second = world.change_data(second, {{"n", "3"}});
    world.expect_copy(red, second);
    world.remove(second);
    world.expect_copy_gone(red, second);
}

TEST_CASE("where nobody holds a target, the oldest source gets it") {
    World world;
    const auto others = world.make_namespace("others");
    const auto first = world.make_source("shared", {{"from", "first"}});
    // Ages are told apart by the second, then by uid.
    const auto second = marked_in(world, others, "shared", {{"from", "second"}});
    const auto age = [](const Json& object) {
        return object.at("metadata").at("creationTimestamp").get<std::string>() + uid_of(object);
    };
    const auto& oldest = age(first) < age(second) ? first : second;
    const auto red = world.make_target("red");
    Engine engine(world, {.policies = {annotation_sync(others, "second"), annotation_sync(world.sources())}});
    world.expect_copy(red, oldest);
    engine.settle();
    world.expect_copy(red, oldest);
    engine.restart();
    engine.settle();
    world.expect_copy(red, oldest);
}

TEST_CASE("a holder keeps its target through a restart, also when an older source begins to want it") {
    World world;
    const auto red = world.make_target("red");
    const auto others = world.make_namespace("others");
    auto old = world.make_config_map(world.sources(), "shared", {{"from", "the older one"}});
    const auto young = marked_in(world, others, "shared", {{"from", "the younger one"}});
    Engine engine(world, {.policies = {annotation_sync(world.sources()), annotation_sync(others, "second")}});
    world.expect_copy(red, young);
    old = world.change(old, {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
    pass_sentinel(world, engine);
    world.expect_copy(red, young);
    engine.restart();
    pass_sentinel(world, engine);
    world.expect_copy(red, young);
    world.remove(young);
    world.expect_copy(red, old);
}

TEST_CASE("engines of different instances leave each other's copies alone") {
    World world;
    const auto red = world.make_target("red");
    const auto others = world.make_namespace("others");
    auto ours = world.make_source("shared", {{"from", "ours"}});
    Engine engine(world);
    world.expect_copy(red, ours);
    engine.settle();

    const auto theirs = marked_in(world, others, "shared", {{"from", "theirs"}});
    const auto alone = marked_in(world, others, "alone", {{"from", "theirs"}});
    const std::string instance = world.id() + "-other";
    Engine other(world, {.policies = {annotation_sync(others)}, .instance = instance});
    const auto theirs_in_red = [&](const Json& source) {
        world.await("the other engine's copy", [&](const Objects& objects) {
            return complaint_about(objects.find(config_map(red, ref_of(source).name)),
                                   {.source = source, .instance = instance, .others = Json::object()});
        });
    };
    theirs_in_red(alone);
    other.settle();
    pass_sentinel(world, engine);
    world.expect_copy(red, ours);
    ours = world.change_data(ours, {{"n", "2"}});
    world.expect_copy(red, ours);

    SECTION("also through restarts") {
        engine.restart();
        other.restart();
        pass_sentinel(world, engine);
        other.settle();
        world.expect_copy(red, ours);
        theirs_in_red(alone);
    }
    SECTION("and serve the place once it is free") {
        world.remove(ours);
        theirs_in_red(theirs);
        theirs_in_red(alone);
    }
}

TEST_CASE("a dry run writes nothing") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto gone = world.make_source("gone", {{"a", "1"}});
    {
        Engine engine(world);
        world.expect_copy(red, source);
        world.expect_copy(red, gone);
    }
    world.api.merge(config_map(red, "shared"), {{"data", {{"a", "edited"}}}});
    const auto blue = world.make_target("blue");
    const auto edited = world.copy(red, source);
    const auto left = world.copy(red, gone);
    world.remove(gone);
    world.catch_up();
    const auto events = world.api.list("Event", world.sources()).size();
    const auto before = world.server.writes();
    Engine engine(world, {.dry_run = true});
    engine.settle();
    CHECK(world.server.writes() == before);
    world.check_untouched(edited);
    world.check_untouched(left);
    world.check_absent(config_map(blue, "shared"));
    CHECK(world.api.list("Event", world.sources()).size() == events);
}

TEST_CASE("what changes nothing about the copies writes nothing") {
    World world;
    const auto targets = world.make_targets(3);
    auto source = world.make_source("shared", {{"a", "1"}});
    const auto plain = world.make_config_map(world.sources(), "plain", {{"a", "1"}});
    const auto own = world.make_config_map(targets[0], "own", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.settle();
    engine.forget_deeds();
    world.catch_up();

    const auto before = world.server.writes();
    world.change(source, {{"metadata", {{"labels", {{"app", "web"}}}, {"annotations", {{"example.com/a", "b"}}}}}});
    world.change(plain, {{"data", {{"a", "2"}}}});
    world.change(own, {{"data", {{"a", "2"}}}});
    world.change(source, {{"data", {{"a", "1"}}}});
    world.annotate_namespace(targets[0], {{"example.com/note", "seen"}});
    world.api.merge(namespace_ref(targets[1]), {{"metadata", {{"labels", {{"team", "red"}}}}}});
    std::uint64_t wanted = 4;
    // What came after has been written, so what came before has been weighed: one write by us, one a target.
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copies(targets, source);
    engine.settle();
    wanted += 1 + targets.size();
    world.catch_up();
    wanted += 1;
    CHECK(world.server.writes() - before == wanted);
    INFO(engine.story());
    CHECK(engine.deeds().size() == targets.size());
}

}  // namespace moontide::test
