// Taking over from the controller whose page annotation-sync follows.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/// As that controller leaves a copy: the source's annotations with it, sync-source, no claim.
Json left_behind(const std::string& namespace_name, const std::string& source, const std::string& name,
                 const Json& data) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata",
             {{"namespace", namespace_name},
              {"name", name},
              {"annotations",
               {{COPY_MARK, source + "/" + name},
                {"example.com/team", "platform"},
                {LAST_APPLIED, R"({"apiVersion":"v1","kind":"ConfigMap"})"}}}}},
            {"data", data}};
}

}  // namespace

TEST_CASE("copies of the page's controller are taken over and put right") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "2"}},
                                    {{"metadata", {{"annotations", {{"example.com/team", "platform"}}}}}});
    auto in_red =
        world.api.create(left_behind(red, world.sources(), "shared", {{"a", "1"}, {"old", "x"}}), "flux-extension");
    // One that is right already, and was written by PUT.
    auto in_blue = world.api.create(left_behind(blue, world.sources(), "shared", {{"a", "0"}}), "flux-extension");
    in_blue["data"] = {{"a", "2"}};
    in_blue = world.api.replace(in_blue, "flux-extension");

    Engine engine(world);
    world.expect_copies({red, blue}, source);
    engine.settle();
    CHECK(uid_of(world.copy(red, source)) == uid_of(in_red));
    CHECK(uid_of(world.copy(blue, source)) == uid_of(in_blue));

    SECTION("follow updates") {
        source = world.change_data(source, {{"a", "3"}});
        world.expect_copies({red, blue}, source);
        CHECK(uid_of(world.copy(red, source)) == uid_of(in_red));
    }
    SECTION("go with the source") {
        world.remove(source);
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(blue, source);
    }
    SECTION("go with the source that is deleted while the engine is down") {
        engine.stop();
        world.remove(source);
        engine.start();
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(blue, source);
    }
    SECTION("go when the namespace stops asking") {
        world.annotate_namespace(red, {{TARGET_MARK, nullptr}});
        world.expect_copy_gone(red, source);
    }
}

TEST_CASE("what the page's controller left of a source that is gone is cleaned up") {
    World world;
    const auto red = world.make_target("red");
    world.api.create(left_behind(red, world.sources(), "gone", {{"a", "1"}}), "flux-extension");
    const auto unmarked = world.make_config_map(world.sources(), "unmarked", {{"a", "1"}});
    world.api.create(left_behind(red, world.sources(), "unmarked", {{"a", "1"}}), "flux-extension");
    const auto other = world.api.create(left_behind(red, "elsewhere", "other", {{"a", "1"}}), "flux-extension");
    const auto own = world.make_config_map(red, "own", {{"a", "1"}});
    Engine engine(world);
    world.expect_gone(config_map(red, "gone"));
    world.expect_gone(config_map(red, "unmarked"));
    pass_sentinel(world, engine);
    world.check_untouched(other);
    world.check_untouched(own);
    world.check_untouched(unmarked);
}

TEST_CASE("what carries the page's mark under another name than its source's is not taken") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    auto renamed = left_behind(red, world.sources(), "shared", {{"a", "mine"}});
    renamed["metadata"]["name"] = "renamed";
    renamed = world.api.create(renamed, "kubectl");
    Engine engine(world);
    world.expect_copy(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(renamed);
    world.remove(source);
    world.expect_copy_gone(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(renamed);
}

TEST_CASE("marked objects in namespaces that ask for nothing are left") {
    World world;
    const auto red = world.make_target("red");
    const auto bystander = world.make_namespace("bystander");
    const auto source = world.make_source("shared", {{"a", "2"}});
    const auto marked =
        world.api.create(left_behind(bystander, world.sources(), "shared", {{"a", "1"}}), "flux-extension");
    const auto orphan =
        world.api.create(left_behind(bystander, world.sources(), "gone", {{"a", "1"}}), "flux-extension");
    Engine engine(world);
    world.expect_copy(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(marked);
    world.check_untouched(orphan);

    SECTION("also when the source goes") {
        world.remove(source);
        world.expect_copy_gone(red, source);
        pass_sentinel(world, engine);
        world.check_untouched(marked);
    }
    SECTION("until the namespace asks") {
        world.annotate_namespace(bystander, {{TARGET_MARK, "true"}});
        world.expect_copy(bystander, source);
        CHECK(uid_of(world.copy(bystander, source)) == uid_of(marked));
    }
}

TEST_CASE("a copy of the page's controller that appears while the engine runs is taken over") {
    World world;
    const auto red = world.make_namespace("red");
    const auto source = world.make_source("shared", {{"a", "2"}});
    Engine engine(world);
    engine.settle();
    const auto left = world.api.create(left_behind(red, world.sources(), "shared", {{"a", "1"}}), "flux-extension");
    world.annotate_namespace(red, {{TARGET_MARK, "true"}});
    world.expect_copy(red, source);
    CHECK(uid_of(world.copy(red, source)) == uid_of(left));
}

TEST_CASE("labels that others put on a copy of the page's controller stay on it") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "2"}});
    auto left = left_behind(red, world.sources(), "shared", {{"a", "1"}});
    left["metadata"]["labels"] = {{"team", "red"}};
    world.api.create(left, "flux-extension");
    Engine engine(world);
    world.expect_copy_with(red, source, {{"labels", {{"team", "red"}}}});
    // Its annotations that controller wrote whole. What is put on from now on stays.
    const Json others = {{"labels", {{"team", "red"}}}, {"annotations", {{"example.com/note", "seen"}}}};
    world.api.merge(config_map(red, "shared"), {{"metadata", others}});
    source = world.change_data(source, {{"a", "3"}});
    world.expect_copy_with(red, source, others);
}

TEST_CASE("taking over costs each copy one write and none after a restart") {
    World world;
    const auto targets = world.make_targets(5);
    const auto source = world.make_source("shared", {{"a", "2"}});
    for (const auto& name : targets) {
        world.api.create(left_behind(name, world.sources(), "shared", {{"a", "1"}}), "flux-extension");
    }
    world.catch_up();
    auto mark = world.mirror.mark();
    Engine engine(world);
    world.expect_copies(targets, source);
    engine.settle();
    for (const auto& name : targets) CHECK(world.changes_since(mark, config_map(name, "shared")).size() == 1);
    mark = world.mirror.mark();
    engine.restart();
    engine.settle();
    for (const auto& name : targets) CHECK(world.changes_since(mark, config_map(name, "shared")).empty());
}

}  // namespace moontide::test
