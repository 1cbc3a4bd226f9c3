// A source changes, and its copies follow.
#include "engine.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

std::size_t count(const std::vector<Change>& changes, Change::What what) {
    return static_cast<std::size_t>(
        std::count_if(changes.begin(), changes.end(), [&](const Change& change) { return change.what == what; }));
}

}  // namespace

TEST_CASE("an update changes the copies in place") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    const auto before = world.copy(red, source);
    const auto mark = world.mirror.mark();

    source = world.change_data(source, {{"a", "2"}, {"b", "new"}});
    world.expect_copies({red, blue}, source);
    engine.settle();
    CHECK(uid_of(world.copy(red, source)) == uid_of(before));
    const auto changes = world.changes_since(mark, config_map(red, "shared"));
    CHECK(changes.size() == 1);
    CHECK(engine.count(Deed::What::replaced, red) == 1);
}

TEST_CASE("what others put on a copy stays through updates") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);

    const Json others = {{"labels", {{"team", "red"}}}, {"annotations", {{"example.com/note", "seen"}}}};
    world.api.merge(config_map(red, "shared"), {{"metadata", others}});
    world.expect_copy_with(red, source, others);
    const auto uid = uid_of(world.copy(red, source));

    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy_with(red, source, others);
    world.api.merge(config_map(red, "shared"), {{"data", {{"a", "edited"}}}});
    world.expect_copy_with(red, source, others);
    source = world.change_data(source, {{"a", nullptr}, {"b", "3"}});
    world.expect_copy_with(red, source, others);
    CHECK(uid_of(world.copy(red, source)) == uid);
}

TEST_CASE("an immutable source is followed") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}}, {{"immutable", true}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);

    SECTION("deleted and made anew with other content") {
        world.remove(source);
        source = world.make_source("shared", {{"a", "2"}}, {{"immutable", true}});
        world.expect_copies({red, blue}, source);
    }
    SECTION("deleted and made anew, no longer immutable") {
        world.remove(source);
        source = world.make_source("shared", {{"a", "2"}});
        world.expect_copies({red, blue}, source);
        source = world.change_data(source, {{"a", "3"}});
        world.expect_copies({red, blue}, source);
    }
    SECTION("made anew while the engine is down, so that the copies cannot be changed in place") {
        engine.stop();
        world.remove(source);
        source = world.make_source("shared", {{"a", "2"}}, {{"immutable", true}});
        engine.start();
        world.expect_copies({red, blue}, source);
    }
}

TEST_CASE("a source that becomes immutable makes its copies so") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    const auto uid = uid_of(world.copy(red, source));
    source = world.change(source, {{"immutable", true}});
    world.expect_copy(red, source);
    CHECK(uid_of(world.copy(red, source)) == uid);
}

TEST_CASE("a source that is made anew at once is followed under its new uid") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    for (int round = 0; round < 5; ++round) {
        world.remove(source);
        source = world.make_source("shared", {{"a", "1"}});
        world.expect_copy(red, source);
    }
    engine.settle();
    world.expect_copy(red, source);
}

TEST_CASE("a burst of updates costs a target few writes, and the last one wins") {
    World world;
    const auto targets = world.make_targets(200);
    auto source = world.make_source("shared", {{"n", "0"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.settle();

    const auto mark = world.mirror.mark();
    Api::at_once(100, [&](std::size_t index) {
        world.api.merge(ref_of(source), {{"data", {{"n" + std::to_string(index), "x"}}}});
    });
    source = world.change_data(source, {{"n", "last"}});
    world.expect_copies(targets, source);
    engine.settle();

    std::size_t writes = 0;
    for (const auto& name : targets) {
        const auto changes = world.changes_since(mark, config_map(name, "shared"));
        CHECK(count(changes, Change::What::modified) == changes.size());
        writes += changes.size();
    }
    INFO(writes << " writes for " << targets.size() << " targets and 101 updates");
    CHECK(writes <= 3 * targets.size());
}

TEST_CASE("updates while the engine is down cost each target one write") {
    World world;
    const auto targets = world.make_targets(5);
    auto source = world.make_source("shared", {{"n", "0"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.stop();
    for (int index = 1; index <= 20; ++index) source = world.change_data(source, {{"n", std::to_string(index)}});
    const auto mark = world.mirror.mark();
    engine.start();
    world.expect_copies(targets, source);
    engine.settle();
    for (const auto& name : targets) CHECK(world.changes_since(mark, config_map(name, "shared")).size() == 1);
}

TEST_CASE("a copy never goes back to an older version of its source") {
    World world;
    const auto targets = world.make_targets(4);
    auto source = world.make_source("shared", {{"n", "0"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    const auto mark = world.mirror.mark();
    for (int index = 1; index <= 60; ++index) source = world.change_data(source, {{"n", std::to_string(index)}});
    world.expect_copies(targets, source);
    engine.settle();
    for (const auto& name : targets) {
        int last = 0;
        for (const auto& change : world.changes_since(mark, config_map(name, "shared"))) {
            const int number = std::stoi(change.object.at("data").at("n").get<std::string>());
            CHECK(number > last);
            last = number;
        }
        CHECK(last == 60);
    }
}

}  // namespace moontide::test
