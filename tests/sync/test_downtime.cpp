// What happens while no engine runs is found at the next start.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

struct Flock {
    std::vector<Json> sources;
    std::string target;
};

Flock make_flock(World& world, std::size_t count) {
    Flock flock;
    flock.target = world.make_target("red");
    flock.sources.resize(count);
    for (std::size_t index = 0; index < count; ++index) {
        flock.sources[index] = world.make_source("s" + std::to_string(index), {{"n", std::to_string(index)}});
    }
    return flock;
}

void expect_all_copies(World& world, const Flock& flock) {
    for (const auto& source : flock.sources) world.expect_copy(flock.target, source);
}

void expect_no_copies(World& world, const Flock& flock) {
    for (const auto& source : flock.sources) world.expect_copy_gone(flock.target, source);
}

Pause await_pause(World& world, Engine& engine) {
    std::vector<Pause> pauses;
    world.await("the engine waits for a yes", [&](const Objects&) -> std::string {
        pauses = engine.sync().pauses();
        return pauses.empty() ? "it does not" : "";
    });
    return pauses.front();
}

}  // namespace

TEST_CASE("what was done while the engine was down is made up for at its start") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    const auto other = world.make_source("other", {{"b", "2"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    world.expect_copies({red, blue}, other);
    engine.stop();

    SECTION("the source is deleted") {
        world.remove(source);
        engine.start();
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(blue, source);
    }
    SECTION("the source is unmarked") {
        source = world.change(source, {{"metadata", {{"annotations", {{SOURCE_MARK, nullptr}}}}}});
        engine.start();
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(blue, source);
        world.check_untouched(source);
    }
    SECTION("the source is changed") {
        source = world.change_data(source, {{"a", "2"}});
        engine.start();
        world.expect_copies({red, blue}, source);
    }
    SECTION("the source is made anew under its name") {
        const auto uid = uid_of(world.copy(red, source));
        world.remove(source);
        source = world.make_source("shared", {{"a", "2"}});
        engine.start();
        world.expect_copies({red, blue}, source);
        CHECK(uid_of(world.copy(red, source)) == uid);
    }
    SECTION("a namespace stops asking") {
        world.annotate_namespace(red, {{TARGET_MARK, nullptr}});
        engine.start();
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(red, other);
        world.expect_copy(blue, source);
    }
    SECTION("a namespace begins to ask") {
        const auto green = world.make_target("green");
        engine.start();
        world.expect_copy(green, source);
    }
    SECTION("a namespace is made anew under its name") {
        world.delete_namespace(red);
        world.await_namespace_gone(red);
        world.make_target("red");
        engine.start();
        world.expect_copies({red, blue}, source);
    }
    SECTION("a copy is deleted") {
        world.remove_copy(red, source);
        engine.start();
        world.expect_copies({red, blue}, source);
    }
    SECTION("a copy is edited") {
        world.api.merge(config_map(red, "shared"), {{"data", {{"a", "edited"}, {"c", "added"}}}});
        engine.start();
        world.expect_copies({red, blue}, source);
    }
    SECTION("a copy loses our labels") {
        world.api.merge(config_map(red, "shared"), {{"metadata", {{"labels", nullptr}}}});
        engine.start();
        world.expect_copies({red, blue}, source);
    }
    world.expect_copy(blue, other);
}

TEST_CASE("a copy that lost our labels goes with a source that is deleted while the engine is down") {
    // By its mark: no label leads to it any more.
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    engine.stop();
    world.api.merge(config_map(red, "shared"), {{"metadata", {{"labels", nullptr}}}});
    world.remove(source);
    engine.start();
    world.expect_copy_gone(red, source);
}

TEST_CASE("a start at which everything is right writes nothing") {
    World world;
    const auto targets = world.make_targets(5);
    std::vector<Json> sources;
    sources.reserve(3);
    for (int index = 0; index < 3; ++index) {
        sources.push_back(world.make_source("s" + std::to_string(index), {{"n", std::to_string(index)}},
                                            {{"binaryData", {{"blob", "AAEC"}}}}));
    }
    Engine engine(world);
    for (const auto& source : sources) world.expect_copies(targets, source);
    world.api.merge(config_map(targets[1], "s0"), {{"metadata", {{"labels", {{"team", "red"}}}}}});
    pass_sentinel(world, engine);

    for (int round = 0; round < 2; ++round) {
        engine.stop();
        engine.forget_deeds();
        const auto mark = world.mirror.mark();
        const auto before = world.server.writes();
        engine.start();
        engine.settle();
        const auto after = world.server.writes();
        CHECK(after == before);
        for (const auto& name : targets) {
            for (const auto& source : sources) {
                CHECK(world.changes_since(mark, config_map(name, ref_of(source).name)).empty());
            }
        }
        CHECK(engine.story().empty());
    }
}

TEST_CASE("more sources gone at a start than may vanish unasked wait for a yes") {
    World world;
    auto flock = make_flock(world, 12);
    Engine engine(world);
    expect_all_copies(world, flock);
    engine.stop();
    for (const auto& source : flock.sources) world.remove(source);
    engine.start();
    const auto pause = await_pause(world, engine);
    CHECK(pause.policy == "annotation-sync");
    CHECK(pause.vanished.size() == 12);
    CHECK(pause.copies == 12);

    // All else goes on.
    const auto fresh = world.make_source("fresh", {{"a", "1"}});
    world.expect_copy(flock.target, fresh);
    pass_sentinel(world, engine);
    for (const auto& source : flock.sources) CHECK(world.api.find(config_map(flock.target, ref_of(source).name)));
    CHECK_FALSE(engine.sync().confirm("no such plan"));

    SECTION("and go after it") {
        CHECK(engine.sync().confirm(pause.plan));
        expect_no_copies(world, flock);
        engine.settle();
        CHECK(engine.sync().pauses().empty());
        CHECK_FALSE(engine.sync().confirm(pause.plan));
        world.expect_copy(flock.target, fresh);
    }
    SECTION("and wait through a restart") {
        engine.restart();
        const auto again = await_pause(world, engine);
        CHECK(again.vanished.size() == 12);
        CHECK(engine.sync().confirm(again.plan));
        expect_no_copies(world, flock);
    }
    SECTION("and are followed again when the sources return") {
        for (auto& source : flock.sources) source = world.make_source(ref_of(source).name, {{"back", "yes"}});
        expect_all_copies(world, flock);
        engine.settle();
        CHECK(engine.sync().pauses().empty());
    }
}

TEST_CASE("more namespaces that stopped asking at a start than may vanish unasked wait for a yes") {
    World world;
    const auto targets = world.make_targets(14);
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.stop();
    for (std::size_t index = 0; index < 12; ++index) world.annotate_namespace(targets[index], {{TARGET_MARK, nullptr}});
    engine.start();
    const auto pause = await_pause(world, engine);
    CHECK(pause.vanished.size() == 12);
    CHECK(pause.copies == 12);

    // All else goes on.
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copies({targets[12], targets[13]}, source);
    engine.settle();
    CHECK(world.api.find(config_map(targets[0], "shared")));
    CHECK(engine.sync().confirm(pause.plan));
    for (std::size_t index = 0; index < 12; ++index) world.expect_copy_gone(targets[index], source);
    world.expect_copies({targets[12], targets[13]}, source);
}

TEST_CASE("a namespace that asks again leaves what waits for a yes") {
    World world;
    const auto targets = world.make_targets(12);
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.stop();
    for (const auto& name : targets) world.annotate_namespace(name, {{TARGET_MARK, nullptr}});
    engine.start();
    CHECK(await_pause(world, engine).vanished.size() == 12);

    world.annotate_namespace(targets[0], {{TARGET_MARK, "true"}});
    world.remove_copy(targets[1], source);
    world.await("two leave", [&](const Objects&) -> std::string {
        const auto pauses = engine.sync().pauses();
        if (pauses.empty()) return "all have left";
        return pauses.front().vanished.size() == 10 ? "" : std::to_string(pauses.front().vanished.size()) + " wait";
    });
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(targets[0], source);

    SECTION("and stays when the rest is confirmed") {
        CHECK(engine.sync().confirm(await_pause(world, engine).plan));
        for (std::size_t index = 1; index < 12; ++index) world.expect_copy_gone(targets[index], source);
        world.expect_copy(targets[0], source);
    }
    SECTION("and the source takes the rest along") {
        world.remove(source);
        for (const auto& name : targets) world.expect_copy_gone(name, source);
        engine.settle();
        CHECK(engine.sync().pauses().empty());
    }
}

TEST_CASE("ten sources gone at a start are no reason to wait") {
    World world;
    auto flock = make_flock(world, 10);
    Engine engine(world);
    expect_all_copies(world, flock);
    engine.stop();
    for (const auto& source : flock.sources) world.remove(source);
    engine.start();
    expect_no_copies(world, flock);
    CHECK(engine.sync().pauses().empty());
}

TEST_CASE("deletions that the watch brings are never counted") {
    World world;
    auto flock = make_flock(world, 15);
    Engine engine(world);
    expect_all_copies(world, flock);
    engine.settle();
    Api::at_once(flock.sources.size(), [&](std::size_t index) { world.remove(flock.sources[index]); });
    expect_no_copies(world, flock);
    CHECK(engine.sync().pauses().empty());
}

TEST_CASE("one source that is gone is one cause, however many copies it had") {
    World world;
    const auto targets = world.make_targets(25);
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.stop();
    world.remove(source);
    engine.start();
    for (const auto& name : targets) world.expect_copy_gone(name, source);
    CHECK(engine.sync().pauses().empty());
}

}  // namespace moontide::test
