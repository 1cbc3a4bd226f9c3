// What a settled engine does by itself: its audit finds nothing, it forgets what has gone, it watches what is in the
// way.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* DIFFERENCES = "moontide_audit_differences_total{policy=\"annotation-sync\"}";

}  // namespace

TEST_CASE("audits in the midst of everything find nothing, and cost no request") {
    World world;
    const auto targets = world.make_targets(4);
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "0"}});
    const auto foreign = world.make_config_map(red, "refused", {{"mine", "yes"}});
    const auto refused = world.make_source("refused", {{"a", "1"}});
    Engine engine(world, {.adjust = [](SyncOptions& options) { options.audit_every = Milliseconds(50); }});
    world.expect_copies(targets, source);
    for (int round = 0; round < 10; ++round) {
        source = world.change_data(source, {{"a", std::to_string(round)}});
        world.annotate_namespace(targets[0], {{TARGET_MARK, round % 2 == 0 ? Json(nullptr) : Json("true")}});
        world.api.merge(config_map(targets[1], "shared"), {{"data", {{"b", std::to_string(round)}}}});
    }
    world.expect_copies(targets, source);
    const auto brief = world.make_source("brief", {{"a", "1"}});
    world.expect_copies(targets, brief);
    world.remove(brief);
    for (const auto& name : targets) world.expect_copy_gone(name, brief);
    pass_sentinel(world, engine);
    CHECK(engine.metric(DIFFERENCES).value_or(0) == 0);
    world.check_untouched(foreign);
}

TEST_CASE("units and names of what has gone are forgotten") {
    World world;
    const auto red = world.make_target("red");
    Engine engine(world, {.adjust = [](SyncOptions& options) { options.forget_every = Milliseconds(50); }});
    const auto stays = world.make_source("stays", {{"a", "1"}});
    for (int number = 0; number < 10; ++number) {
        const auto source = world.make_source("s" + std::to_string(number), {{"a", "1"}});
        world.expect_copy(red, source);
        world.remove(source);
        world.expect_copy_gone(red, source);
    }
    world.await("one unit is left", [&](const Objects&) -> std::string {
        const auto units = engine.metric("moontide_units").value_or(-1);
        return units == 1 ? "" : std::to_string(units);
    });
    world.expect_copy(red, stays);
    world.expect_copy(red, world.make_source("s3", {{"a", "2"}}));
}

TEST_CASE("what is in the way is watched, so that the copy comes once it has gone") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto foreign = world.make_config_map(red, "shared", {{"mine", "yes"}});
    // No other look within the time of the test.
    Engine engine(world, {.adjust = [](SyncOptions& options) { options.refused_again = Milliseconds(600'000); }});
    world.expect_copy(blue, source);
    pass_sentinel(world, engine);
    world.check_untouched(foreign);
    world.remove(foreign);
    world.expect_copy(red, source);
}

}  // namespace moontide::test
