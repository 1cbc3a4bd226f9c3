// The engine ends in the middle of its work, in order or not, and the next one finishes it.
#include "engine.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

void await_copies(World& world, const std::vector<std::string>& targets, const std::string& name, std::size_t least) {
    world.await(std::to_string(least) + " copies are there", [&](const Objects& objects) {
        const auto there = std::count_if(targets.begin(), targets.end(), [&](const std::string& target) {
            return objects.find(config_map(target, name)) != nullptr;
        });
        return static_cast<std::size_t>(there) >= least ? std::string() : "there are " + std::to_string(there);
    });
}

void check_written_once(World& world, const std::vector<std::string>& targets, const std::string& name,
                        std::size_t mark) {
    world.catch_up();
    for (const auto& target : targets) {
        const auto changes = world.mirror.changes(mark, config_map(target, name));
        if (changes.size() != 1) FAIL_CHECK(changes.size() << " writes in " << target);
    }
}

}  // namespace

TEST_CASE("a fan-out that was stopped is finished by the next start, each copy written once") {
    World world;
    const auto targets = world.make_targets(150);
    Engine engine(world);
    engine.settle();
    const auto mark = world.mirror.mark();
    const auto source = world.make_source("shared", {{"a", "1"}});
    for (const std::size_t least : {10, 50, 90}) {
        await_copies(world, targets, "shared", least);
        engine.restart();
    }
    world.expect_copies(targets, source);
    engine.settle();
    check_written_once(world, targets, "shared", mark);
}

TEST_CASE("a fan-out that a crash cut is finished by the next start, each copy written once") {
    World world;
    const auto targets = world.make_targets(150);
    Engine engine(world);
    engine.settle();
    auto mark = world.mirror.mark();
    auto source = world.make_source("shared", {{"a", "1"}});
    for (const std::size_t least : {10, 50, 90}) {
        await_copies(world, targets, "shared", least);
        engine.crash();
        engine.start();
    }
    world.expect_copies(targets, source);
    engine.settle();
    check_written_once(world, targets, "shared", mark);

    // The same for an update.
    mark = world.mirror.mark();
    source = world.change_data(source, {{"a", "2"}});
    engine.crash();
    engine.start();
    world.expect_copies(targets, source);
    engine.settle();
    check_written_once(world, targets, "shared", mark);
}

TEST_CASE("a clean-up that a crash cut is finished by the next start") {
    World world;
    const auto targets = world.make_targets(60);
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.settle();
    world.remove(source);
    world.await("some copies are gone", [&](const Objects& objects) -> std::string {
        for (const auto& target : targets) {
            if (objects.find(config_map(target, "shared")) == nullptr) return "";
        }
        return "none is";
    });
    engine.crash();
    engine.start();
    for (const auto& target : targets) world.expect_copy_gone(target, source);
}

TEST_CASE("an engine can be started and stopped again and again at once") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    for (int round = 0; round < 5; ++round) engine.restart();
    for (int round = 0; round < 5; ++round) {
        engine.crash();
        engine.start();
    }
    world.expect_copy(red, source);
}

}  // namespace moontide::test
