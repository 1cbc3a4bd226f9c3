// The slot `existing`: an object of the copy's name is there already.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

policy::PolicyPtr with_existing(const World& world, const std::string& existing) {
    return policy_of(world, R"(return {
      api      = "moontide/v1",
      from     = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into     = { labels = { ["test/world"] = "@ID@" } },
      existing = ")" + existing +
                                R"(",
    })");
}

struct Scene {
    explicit Scene(const std::string& existing, const Json& foreign_data)
        : red(world.make_namespace("red", {}, {{"test/world", world.id()}})),
          blue(world.make_namespace("blue", {}, {{"test/world", world.id()}})),
          foreign(world.make_config_map(red, "shared", foreign_data, {{"metadata", {{"labels", {{"app", "web"}}}}}})),
          source(world.make_config_map(world.sources(), "shared", {{"a", "1"}},
                                       {{"metadata", {{"labels", {{"test/share", "true"}}}}}})),
          engine(world, {.policies = {with_existing(world, existing)}}) {
        world.expect_data(in_blue(), {{"a", "1"}});
        engine.settle();
    }

    kube::Ref in_red() const { return config_map(red, "shared"); }
    kube::Ref in_blue() const { return config_map(blue, "shared"); }

    /// What was made goes with its source.
    void end_source() {
        world.remove(source);
        world.expect_gone(in_blue());
        engine.settle();
    }

    void check_released(const Json& data) {
        world.await("the object is released", [&](const Objects& objects) -> std::string {
            const Json* object = objects.find(in_red());
            if (object == nullptr) return "it was deleted";
            for (const char* key : {MANAGED_BY, INSTANCE, OWNER, "moontide.dev/part"}) {
                if (labels_of(*object).contains(key)) return std::string("it still has the label ") + key;
            }
            if (annotations_of(*object).contains(CLAIM)) return "it still has the claim";
            if (labels_of(*object).value("app", "") != "web") return "it lost its own label";
            return complaint_about_data(object, data);
        });
        CHECK(uid_of(world.api.get(in_red())) == uid_of(foreign));
    }

    World world;
    std::string red;
    std::string blue;
    Json foreign;
    Json source;
    Engine engine;
};

}  // namespace

TEST_CASE("existing = refuse leaves what is there, and so does a claim that was taken away") {
    Scene scene("refuse", {{"a", "1"}});
    scene.world.check_untouched(scene.foreign);

    // In blue, where the copy is ours, its claim is taken away by hand.
    auto freed = scene.world.api.merge(scene.in_blue(), {{"metadata", {{"annotations", {{CLAIM, nullptr}}}}}});
    freed = scene.world.change_data(freed, {{"a", "mine now"}});
    scene.world.catch_up();
    scene.engine.settle();
    scene.source = scene.world.change_data(scene.source, {{"a", "2"}});
    const auto green = scene.world.make_namespace("green", {}, {{"test/world", scene.world.id()}});
    scene.world.expect_data(config_map(green, "shared"), {{"a", "2"}});
    scene.engine.settle();
    scene.world.check_untouched(scene.foreign);
    scene.world.check_untouched(freed);
    scene.world.remove(scene.source);
    scene.world.expect_gone(config_map(green, "shared"));
    scene.engine.settle();
    scene.world.check_untouched(scene.foreign);
    scene.world.check_untouched(freed);
}

TEST_CASE("existing = adopt takes what is equal and releases it at the end") {
    Scene scene("adopt", {{"a", "1"}});
    scene.world.await("the object is claimed", [&](const Objects& objects) -> std::string {
        const Json* object = objects.find(scene.in_red());
        return object != nullptr && annotations_of(*object).contains(CLAIM) ? "" : "it is not";
    });
    scene.source = scene.world.change_data(scene.source, {{"a", "2"}});
    scene.world.expect_data(scene.in_red(), {{"a", "2"}});
    SECTION("when the source is deleted") {}
    SECTION("also after a restart") {
        scene.engine.restart();
    }
    scene.end_source();
    scene.check_released({{"a", "2"}});
}

TEST_CASE("existing = adopt refuses what differs") {
    Scene scene("adopt", {{"a", "mine"}});
    scene.world.check_untouched(scene.foreign);
    scene.end_source();
    scene.world.check_untouched(scene.foreign);
}

TEST_CASE("existing = overwrite takes what is there and releases it at the end") {
    Scene scene("overwrite", {{"mine", "yes"}, {"a", "0"}});
    scene.world.expect_data(scene.in_red(), {{"a", "1"}});
    scene.source = scene.world.change_data(scene.source, {{"a", "2"}});
    scene.world.expect_data(scene.in_red(), {{"a", "2"}});
    SECTION("when the source is deleted") {
        scene.end_source();
    }
    SECTION("when the source is deleted while the engine is down") {
        scene.engine.stop();
        scene.world.remove(scene.source);
        scene.engine.start();
        scene.world.expect_gone(scene.in_blue());
    }
    SECTION("when the namespace stops asking") {
        scene.world.api.merge(namespace_ref(scene.red), {{"metadata", {{"labels", {{"test/world", nullptr}}}}}});
    }
    scene.check_released({{"a", "2"}});
}

TEST_CASE("existing = merge adds our keys and takes them away again") {
    Scene scene("merge", {{"mine", "yes"}});
    scene.world.expect_data(scene.in_red(), {{"mine", "yes"}, {"a", "1"}});
    scene.source = scene.world.change_data(scene.source, {{"a", nullptr}, {"b", "2"}});
    scene.world.expect_data(scene.in_red(), {{"mine", "yes"}, {"b", "2"}});
    scene.end_source();
    scene.check_released({{"mine", "yes"}});
}

TEST_CASE("existing = merge does not force a key that is another's") {
    Scene scene("merge", {{"a", "mine"}});
    scene.world.expect_data(scene.in_red(), {{"a", "mine"}});
    scene.end_source();
    scene.check_released({{"a", "mine"}});
}

TEST_CASE("existing = join waits for the object, joins it and leaves it") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}},
                                              {{"metadata", {{"labels", {{"test/share", "true"}}}}}});
    Engine engine(world, {.policies = {with_existing(world, "join")}});
    engine.settle();
    world.check_absent(config_map(red, "shared"));
    world.make_config_map(red, "shared", {{"mine", "yes"}});
    world.expect_data(config_map(red, "shared"), {{"mine", "yes"}, {"a", "1"}});
    world.remove(source);
    world.expect_data(config_map(red, "shared"), {{"mine", "yes"}});
}

TEST_CASE("existing may be what the source says, in any case of letters") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto foreign = world.make_config_map(red, "first", {{"mine", "yes"}});
    world.make_config_map(red, "second", {{"mine", "yes"}});
    Engine engine(world, {.policies = {with_existing(world, "{source.labels.existing|Refuse}")}});
    world.make_config_map(world.sources(), "first", {{"a", "1"}},
                          {{"metadata", {{"labels", {{"test/share", "true"}}}}}});
    world.make_config_map(world.sources(), "second", {{"a", "1"}},
                          {{"metadata", {{"labels", {{"test/share", "true"}, {"existing", "Overwrite"}}}}}});
    world.expect_data(config_map(red, "second"), {{"a", "1"}});
    engine.settle();
    world.check_untouched(foreign);
}

}  // namespace moontide::test
