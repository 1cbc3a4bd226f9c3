// The built-in policy configmap-syncer where something is in a copy's place: anybody's object, a copy of the page's
// controller, another syncer's copy.
#include "engine.hpp"
#include "owner_statuses.hpp"
#include "syncers.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {

TEST_CASE("a syncer's conflictPolicy says what becomes of an object that is there", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "app", {{"a", "1"}, {"b", "1"}});
    auto differs =
        world.make_config_map(red, "app", {{"a", "0"}, {"mine", "1"}}, {{"metadata", {{"labels", {{"app", "x"}}}}}});
    const auto equal = world.make_config_map(blue, "app", {{"a", "1"}, {"b", "1"}});
    const auto make = [&](const std::string& policy) {
        syncers.make("page", scene.spec({{"targetNamespaces", {red, blue}}, {"conflictPolicy", policy}}));
    };
    Engine engine(world, setup);
    SECTION("Refuse") {
        make("Refuse");
        const auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
        CHECK(status["failedNamespaces"] == Json({blue, red}));
        CHECK(status["syncedNamespaces"] == Json::array());
        world.check_untouched(equal);
        world.check_untouched(differs);
        // It heals when what is in the way goes.
        world.remove(differs);
        scene.expect(scene.copy(red), {{"a", "1"}, {"b", "1"}});
        syncers.remove("page");
        world.expect_gone(scene.copy(red));
        syncers.expect_gone("page");
        world.check_untouched(equal);
    }
    SECTION("Adopt") {
        make("Adopt");
        scene.expect(scene.copy(blue), {{"a", "1"}, {"b", "1"}});
        const auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
        CHECK(status["failedNamespaces"] == Json::array({red}));
        world.check_untouched(differs);
        syncers.remove("page");
        syncers.expect_gone("page");
        world.check_untouched(differs);
        const auto left = world.api.get(scene.copy(blue));
        CHECK(uid_of(left) == uid_of(equal));
        CHECK(left["data"] == equal["data"]);
        CHECK_FALSE(annotations_of(left).contains(CLAIM));
    }
    SECTION("Merge") {
        make("Merge");
        // A key that is another's is not forced.
        const auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
        CHECK(status["failedNamespaces"] == Json::array({red}));
        CHECK_THAT(scene.message("page"), Catch::Contains(red + "/app") && Catch::Contains(".data.a"));
        world.check_untouched(differs);
        differs = world.change_data(differs, {{"a", nullptr}});
        world.expect_data(scene.copy(red), {{"a", "1"}, {"b", "1"}, {"mine", "1"}});
        await_ready(world, syncers.ref("page"), "SyncSuccessful");
        syncers.change("page", {{"keys", {"a"}}});
        world.expect_data(scene.copy(red), {{"a", "1"}, {"mine", "1"}});
        syncers.remove("page");
        syncers.expect_gone("page");
        const auto left = world.api.get(scene.copy(red));
        CHECK(uid_of(left) == uid_of(differs));
        CHECK(left["data"] == differs["data"]);
        CHECK(labels_of(left) == labels_of(differs));
        CHECK(world.api.get(scene.copy(blue))["data"] == equal["data"]);
    }
    SECTION("Overwrite") {
        make("Overwrite");
        scene.expect(scene.copy(red), {{"a", "1"}, {"b", "1"}});
        const auto status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
        CHECK(status["syncedNamespaces"] == Json({blue, red}));
        CHECK(labels_of(world.api.get(scene.copy(red))).value("app", "") == "x");
        // An Event names what was there, of that alone which had another content.
        world.await("what was there is told", [&](const Objects& objects) {
            std::string told;
            for (const auto& [ref, object] : objects.all()) {
                if (ref.namespace_name != home || object.value("reason", "") != "Overwritten") continue;
                told += object.value("message", "") + "\n";
            }
            const auto wanted =
                "ConfigMap " + red + "/app was there and was not Moontide's; its content is replaced: data a, mine\n";
            return told == wanted ? std::string() : "it is: " + told;
        });
        syncers.remove("page");
        syncers.expect_gone("page");
        const auto left = world.api.get(scene.copy(red));
        CHECK(uid_of(left) == uid_of(differs));
        CHECK(left["data"] == Json({{"a", "1"}, {"b", "1"}}));
        CHECK_FALSE(annotations_of(left).contains(CLAIM));
    }
    engine.settle();
}

TEST_CASE("what a syncer merged into is nobody's copy when it merges no longer", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    world.make_config_map(world.sources(), "app", {{"a", "1"}});
    const auto theirs = world.make_config_map(red, "app", {{"mine", "1"}});
    syncers.make("page", scene.spec({{"targetNamespaces", Json::array({red})}, {"conflictPolicy", "Merge"}}));
    Engine engine(world, setup);
    scene.expect(scene.copy(red), {{"a", "1"}, {"mine", "1"}});
    engine.settle();
    // The labels that the part brought along are the marks of a copy that the page's controller made.
    SECTION("while the engine runs") {
        syncers.change("page", {{"conflictPolicy", nullptr}});
    }
    SECTION("while it is down") {
        engine.stop();
        syncers.change("page", {{"conflictPolicy", nullptr}});
        engine.start();
    }
    SECTION("while it is down, and the syncer asks for it no more") {
        engine.stop();
        syncers.change(
            "page", {{"conflictPolicy", nullptr}, {"targetNamespaces", Json::array({world.make_namespace("blue")})}});
        engine.start();
    }
    const auto as_before = [&](const Json& object) {
        CHECK(uid_of(object) == uid_of(theirs));
        CHECK(labels_of(object) == labels_of(theirs));
        CHECK(annotations_of(object) == annotations_of(theirs));
    };
    world.expect_data(scene.copy(red), {{"mine", "1"}});
    engine.settle();
    as_before(world.api.get(scene.copy(red)));
    syncers.remove("page");
    syncers.expect_gone("page");
    as_before(world.api.get(scene.copy(red)));
}

TEST_CASE("copies that the page's controller made are a syncer's own, unless it says Refuse", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "app", {{"a", "1"}});
    const auto marked = [&](const std::string& where, const std::string& by) {
        return world.make_config_map(
            where, "app", {{"a", "old"}},
            {{"metadata", {{"labels", {{"synced-by", by}, {"synced-from", world.sources()}}}}}});
    };
    const auto ours = marked(red, "page");
    const auto of_another = marked(blue, "another");
    const bool refuses = GENERATE(false, true);
    CAPTURE(refuses);
    auto spec = scene.spec({{"targetNamespaces", {red, blue}}});
    if (refuses) spec["conflictPolicy"] = "Refuse";
    syncers.make("page", spec, {{"finalizers", {SYNCER_FINALIZER}}});
    Engine engine(world, setup);
    const auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
    if (refuses) {
        CHECK(status["failedNamespaces"] == Json({blue, red}));
        world.check_untouched(ours);
    } else {
        CHECK(status["failedNamespaces"] == Json::array({blue}));
        scene.expect(scene.copy(red), {{"a", "1"}});
        CHECK(uid_of(world.api.get(scene.copy(red))) == uid_of(ours));
    }
    engine.settle();
    syncers.remove("page");
    syncers.expect_gone("page");
    if (!refuses) world.check_absent(scene.copy(red));
    world.check_untouched(of_another);
}

TEST_CASE("of two syncers that ask for one copy the second waits, is told who has it, and takes over", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    world.make_config_map(world.sources(), "app", {{"a", "1"}, {"b", "2"}});
    Engine engine(world, setup);
    syncers.make("first", scene.spec({{"targetNamespaces", {red}}}));
    scene.expect(scene.copy(red), {{"a", "1"}, {"b", "2"}}, "first");
    syncers.make("second", scene.spec({{"targetNamespaces", {red}}, {"keys", {"a"}}, {"conflictPolicy", "Overwrite"}}));
    const auto status = await_observed(world, syncers.ref("second"), "SyncPartiallyFailed");
    CHECK(status["failedNamespaces"] == Json::array({red}));
    CHECK_THAT(scene.message("second"), Catch::Contains("ConfigMapSyncer " + home + "/first"));
    engine.settle();
    scene.expect(scene.copy(red), {{"a", "1"}, {"b", "2"}}, "first");
    const auto uid = uid_of(world.api.get(scene.copy(red)));
    syncers.remove("first");
    scene.expect(scene.copy(red), {{"a", "1"}}, "second");
    await_ready(world, syncers.ref("second"), "SyncSuccessful");
    syncers.expect_gone("first");
    CHECK(uid_of(world.api.get(scene.copy(red))) == uid);
    engine.settle();
}

TEST_CASE("of two syncers that merge and find nothing the second takes over what the first made", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    world.make_config_map(world.sources(), "app", {{"a", "1"}});
    Engine engine(world, setup);
    const auto spec = scene.spec({{"targetNamespaces", Json::array({red})}, {"conflictPolicy", "Merge"}});
    syncers.make("first", spec);
    scene.expect(scene.copy(red), {{"a", "1"}}, "first");
    syncers.make("second", spec);
    await_observed(world, syncers.ref("second"), "SyncPartiallyFailed");
    CHECK_THAT(scene.message("second"), Catch::Contains("ConfigMapSyncer " + home + "/first"));
    const auto uid = uid_of(world.api.get(scene.copy(red)));
    SECTION("as it was made") {
        syncers.remove("first");
        scene.expect(scene.copy(red), {{"a", "1"}}, "second");
        CHECK(uid_of(world.api.get(scene.copy(red))) == uid);
    }
    SECTION("unless somebody has changed what is merged") {
        world.api.merge(scene.copy(red), {{"data", {{"a", "theirs"}}}});
        syncers.remove("first");
        scene.expect(scene.copy(red), {{"a", "1"}}, "second");
        CHECK(uid_of(world.api.get(scene.copy(red))) != uid);
    }
    syncers.expect_gone("first");
    await_ready(world, syncers.ref("second"), "SyncSuccessful");
    engine.settle();
}

}  // namespace moontide::test
