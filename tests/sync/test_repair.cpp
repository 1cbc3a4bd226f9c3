// Somebody changes a copy: what the claim covers is put right, the rest is left.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

Json label(const char* key, const Json& value) {
    return {{"metadata", {{"labels", {{key, value}}}}}};
}
Json annotation(const char* key, const Json& value) {
    return {{"metadata", {{"annotations", {{key, value}}}}}};
}

}  // namespace

TEST_CASE("an edited copy is put right in place") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}, {"b", "2"}});
    Engine engine(world);
    world.expect_copy(red, source);
    engine.settle();
    const auto copy = world.copy(red, source);
    Json patch;

    SECTION("a value is changed") {
        patch = {{"data", {{"a", "edited"}}}};
    }
    SECTION("a key is added") {
        patch = {{"data", {{"c", "mine"}}}};
    }
    SECTION("a key is removed") {
        patch = {{"data", {{"a", nullptr}}}};
    }
    SECTION("all data is removed") {
        patch = {{"data", nullptr}};
    }
    SECTION("binaryData is added") {
        patch = {{"binaryData", {{"blob", "AAEC"}}}};
    }
    SECTION("the source annotation is removed") {
        patch = annotation(COPY_MARK, nullptr);
    }
    SECTION("the source annotation is changed") {
        patch = annotation(COPY_MARK, "elsewhere/other");
    }
    SECTION("the managed-by label is removed") {
        patch = label(MANAGED_BY, nullptr);
    }
    SECTION("the owner label is changed") {
        patch = label(OWNER, "somebody");
    }
    SECTION("the instance label is removed") {
        patch = label(INSTANCE, nullptr);
    }
    SECTION("the instance label is changed") {
        patch = label(INSTANCE, "another");
    }
    SECTION("all labels are removed") {
        patch = {{"metadata", {{"labels", nullptr}}}};
    }
    world.change(copy, patch);
    world.catch_up();
    world.expect_copy(red, source);
    engine.settle();
    CHECK(uid_of(world.copy(red, source)) == uid_of(copy));
}

TEST_CASE("a copy that is replaced by hand is put right") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);

    auto copy = world.copy(red, source);
    copy["data"] = {{"all", "mine"}};
    copy["metadata"]["annotations"]["example.com/note"] = "kept";
    world.api.replace(copy);
    world.catch_up();
    world.expect_copy_with(red, source, {{"annotations", {{"example.com/note", "kept"}}}});
}

TEST_CASE("a deleted copy is restored") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    const auto mark = world.mirror.mark();
    for (int round = 0; round < 3; ++round) {
        const auto uid = uid_of(world.copy(red, source));
        world.remove_copy(red, source);
        world.catch_up();
        world.expect_copy(red, source);
        CHECK(uid_of(world.copy(red, source)) != uid);
    }
    engine.settle();
    CHECK(world.changes_since(mark, config_map(blue, "shared")).empty());
}

TEST_CASE("a copy that was made immutable by hand is replaced, and follows") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    world.api.merge(config_map(red, "shared"), {{"immutable", true}});
    world.catch_up();
    world.expect_copy(red, source);
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(red, source);
}

TEST_CASE("a copy is put right however often it is edited") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    for (int round = 0; round < 12; ++round) {
        world.api.merge(config_map(red, "shared"), {{"data", {{"a", "round " + std::to_string(round)}}}});
    }
    // The rival delays its own copy alone.
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(blue, source);
    world.expect_copy(red, source);
}

TEST_CASE("labels and annotations of others do not count as edits") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    const Json others = {{"labels", {{"team", "red"}}}, {"annotations", {{"example.com/note", "seen"}}}};
    const auto edited = world.api.merge(config_map(red, "shared"), {{"metadata", others}});
    pass_sentinel(world, engine);
    world.check_untouched(edited);

    SECTION("nor does their removal") {
        const auto again =
            world.api.merge(config_map(red, "shared"), {{"metadata", {{"labels", {{"team", nullptr}}}}}});
        pass_sentinel(world, engine);
        world.check_untouched(again);
    }
    SECTION("and the copy goes with its source all the same") {
        world.remove(source);
        world.expect_copy_gone(red, source);
    }
}

TEST_CASE("a copy whose claim and mark are taken away is out of our care") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    auto taken = world.api.merge(config_map(red, "shared"),
                                 {{"metadata", {{"annotations", {{CLAIM, nullptr}, {COPY_MARK, nullptr}}}}}});
    taken = world.change_data(taken, {{"a", "mine now"}});
    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(blue, source);
    pass_sentinel(world, engine);
    world.check_untouched(taken);

    engine.restart();
    pass_sentinel(world, engine);
    world.check_untouched(taken);

    world.remove(source);
    world.expect_copy_gone(blue, source);
    pass_sentinel(world, engine);
    world.check_untouched(taken);
}

TEST_CASE("copies that lose their label as their sources go, go too") {
    World world;
    const auto red = world.make_target("red");
    std::vector<Json> sources;
    for (int i = 0; i < 20; ++i) sources.push_back(world.make_source("shared-" + std::to_string(i), {{"a", "1"}}));
    Engine engine(world);
    for (const auto& source : sources) world.expect_copy(red, source);
    engine.settle();
    for (const auto& source : sources) {
        world.api.merge(config_map(red, ref_of(source).name), {{"metadata", {{"labels", nullptr}}}});
        world.remove(source);
    }
    for (const auto& source : sources) world.expect_copy_gone(red, source);
}

TEST_CASE("a copy that still carries its mark gets its claim back") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    const auto uid = uid_of(world.copy(red, source));
    world.api.merge(config_map(red, "shared"), annotation(CLAIM, nullptr));
    world.catch_up();
    world.expect_copy(red, source);
    CHECK(uid_of(world.copy(red, source)) == uid);
    world.remove(source);
    world.expect_copy_gone(red, source);
}

TEST_CASE("a deleted copy that somebody's finalizer holds is made again once it is gone") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    world.api.merge(config_map(red, "shared"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    world.remove_copy(red, source);
    const auto held = world.copy(red, source);
    CHECK(held.at("metadata").contains("deletionTimestamp"));

    source = world.change_data(source, {{"a", "2"}});
    world.expect_copy(blue, source);
    pass_sentinel(world, engine);
    world.check_untouched(held);

    world.api.merge(config_map(red, "shared"), {{"metadata", {{"finalizers", nullptr}}}});
    world.catch_up();
    world.expect_copy(red, source);
    CHECK(uid_of(world.copy(red, source)) != uid_of(held));
}

TEST_CASE("a copy held by somebody's finalizer goes with its source once it is let go") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    world.api.merge(config_map(red, "shared"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    world.remove(source);
    world.expect_copy_gone(blue, source);
    world.await("the copy is asked to go", [&](const Objects& objects) -> std::string {
        const Json* copy = objects.find(config_map(red, "shared"));
        if (copy == nullptr) return "it is gone in spite of its finalizer";
        return copy->at("metadata").contains("deletionTimestamp") ? "" : "it has no deletionTimestamp";
    });
    const auto held = world.copy(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(held);
    world.api.merge(config_map(red, "shared"), {{"metadata", {{"finalizers", nullptr}}}});
    world.expect_copy_gone(red, source);
}

}  // namespace moontide::test
