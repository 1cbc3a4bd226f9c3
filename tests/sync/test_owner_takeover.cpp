// Copies that the controller made which a policy with owners replaces.
#include "copiers.hpp"
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

Json made_by_another(World& world, const std::string& namespace_name, const std::string& owner,
                     const std::string& name = "shared") {
    return world.make_config_map(namespace_name, name, {{"a", "old"}}, {{"metadata", {{"labels", {{"by", owner}}}}}});
}

}  // namespace

TEST_CASE("copies with the marks of an owner are taken over and put right") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    const auto before = made_by_another(world, red, "one");
    copiers.make("one", {{"from", world.sources()}, {"names", {"shared"}}, {"to", {red}}},
                 {{"finalizers", {copiers.finalizer()}}});
    Engine engine(world, {.policies = {copiers.policy()}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    CHECK(uid_of(world.api.get(config_map(red, "shared"))) == uid_of(before));
    copiers.remove("one");
    world.expect_gone(config_map(red, "shared"));
    copiers.expect_gone("one");
}

TEST_CASE("an owner that was deleted while nobody ran is finished, with the copies that another controller made") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    if (GENERATE(true, false)) world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    made_by_another(world, red, "one");
    const auto elsewhere = made_by_another(world, blue, "one");
    const auto of_another = made_by_another(world, red, "two", "other");
    copiers.make("one", {{"from", world.sources()}, {"names", {"shared"}}, {"to", {red}}},
                 {{"finalizers", {copiers.finalizer()}}});
    copiers.remove("one");
    Engine engine(world, {.policies = {copiers.policy()}});
    world.expect_gone(config_map(red, "shared"));
    engine.settle();
    // It asked for none there: somebody's clone, perhaps.
    world.check_untouched(elsewhere);
    world.check_untouched(of_another);
}

TEST_CASE("an owner that takes nothing by its marks leaves such objects alone at its end, too") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    if (GENERATE(true, false)) world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    const auto of_another = made_by_another(world, red, "one");
    copiers.make("one", {{"from", world.sources()}, {"names", {"shared"}}, {"to", {red}}, {"existing", "refuse"}},
                 {{"finalizers", {copiers.finalizer()}}});
    copiers.remove("one");
    Engine engine(world, {.policies = {copiers.policy("existing = '{owner.spec.existing|marked}'")}});
    copiers.expect_gone("one");
    engine.settle();
    world.check_untouched(of_another);
}

}  // namespace moontide::test
