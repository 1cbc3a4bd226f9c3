// The built-in policy configmap-syncer: copies of the ConfigMap or Secret that a ConfigMapSyncer names.
#include "base/clock.hpp"
#include "engine.hpp"
#include "owner_statuses.hpp"
#include "syncers.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
TEST_CASE("a syncer's copies follow their source, its status names them, and with it they go", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto blue = world.make_namespace("blue");
    const auto source =
        world.make_config_map(world.sources(), "app", {{"a", "1"}}, {{"binaryData", {{"logo", "/u3+7Q=="}}}});
    const auto theirs = world.make_config_map(blue, "other", {{"mine", "1"}});
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {red, blue}}}));
    scene.expect(scene.copy(red), {{"a", "1"}});
    scene.expect(scene.copy(blue), {{"a", "1"}});
    CHECK(world.api.get(scene.copy(red))["binaryData"] == Json{{"logo", "/u3+7Q=="}});
    auto status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json({blue, red}));
    CHECK(status["failedNamespaces"] == Json::array());
    CHECK(parse_rfc3339(status["lastSyncTime"].get<std::string>()));
    CHECK(syncers.finalizers("page") == Json::array({SYNCER_FINALIZER}));

    world.change(source, {{"data", {{"a", nullptr}, {"b", "2"}}}, {"binaryData", nullptr}});
    scene.expect(scene.copy(red), {{"b", "2"}});
    scene.expect(scene.copy(blue), {{"b", "2"}});
    CHECK_FALSE(world.api.get(scene.copy(red)).contains("binaryData"));

    syncers.change("page", {{"targetNamespaces", {blue}}});
    world.expect_gone(scene.copy(red));
    status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json::array({blue}));

    engine.settle();
    const auto before = world.api.get(ref_of(source));
    syncers.remove("page");
    syncers.expect_gone("page");
    // Nothing is left by then.
    CHECK(world.api.list("ConfigMap", {}, "synced-from=" + world.sources()).empty());
    engine.settle();
    world.check_untouched(before);
    world.check_untouched(theirs);
}

TEST_CASE("of a syncer's source the keys go along that it names or that match", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto source = world.make_config_map(world.sources(), "app",
                                              {{"db.host", "h"}, {"db.port", "5"}, {"log", "x"}, {"web.conf", "w"}},
                                              {{"binaryData", {{"db.key", "AAEC"}, {"logo", "AAEC"}}}});
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {red}}, {"keys", {"db.*", "log", "absent"}}}));
    scene.expect(scene.copy(red), {{"db.host", "h"}, {"db.port", "5"}, {"log", "x"}});
    CHECK(world.api.get(scene.copy(red))["binaryData"] == Json{{"db.key", "AAEC"}});
    world.change_data(source, {{"db.name", "n"}, {"web.more", "1"}, {"log", nullptr}});
    scene.expect(scene.copy(red), {{"db.host", "h"}, {"db.port", "5"}, {"db.name", "n"}});
    syncers.change("page", {{"keys", {"web.????"}}});
    scene.expect(scene.copy(red), {{"web.conf", "w"}, {"web.more", "1"}});
    CHECK_FALSE(world.api.get(scene.copy(red)).contains("binaryData"));
    syncers.change("page", {{"keys", Json::array()}});
    scene.expect(scene.copy(red),
                 {{"db.host", "h"}, {"db.port", "5"}, {"db.name", "n"}, {"web.conf", "w"}, {"web.more", "1"}});
    engine.settle();
}

TEST_CASE("a syncer's targets are what it lists and what its selectors choose, also what comes later", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const Json data = {{"a", "1"}};
    const Json team = {{"team", world.id()}};
    const auto by_labels = world.make_namespace("by-labels", {}, merged(team, {{"share", "true"}}));
    const auto by_half = world.make_namespace("by-half", {}, team);
    const auto by_selector = world.make_namespace("by-selector", {}, {{"env", world.id() + "-prod"}});
    world.make_config_map(world.sources(), "app", data);
    Engine engine(world, setup);
    const Json requirement = {
        {"key", "env"}, {"operator", "In"}, {"values", {world.id() + "-prod", world.id() + "-test"}}};
    syncers.make("page", scene.spec({{"targetNamespaces", {red, by_labels}},
                                     {"namespaceSelector", merged(team, {{"share", "true"}})},
                                     {"targetSelector", {{"matchExpressions", Json::array({requirement})}}}}));
    for (const auto& target : {red, by_labels, by_selector}) scene.expect(scene.copy(target), data);
    auto status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json({by_labels, by_selector, red}));
    world.check_absent(scene.copy(by_half));

    // Labels come and go, and so do namespaces.
    const auto relabel = [&](const std::string& name, const Json& labels) {
        world.api.merge(namespace_ref(name), {{"metadata", {{"labels", labels}}}});
    };
    const auto later = world.make_namespace("later", {}, {{"env", world.id() + "-test"}});
    scene.expect(scene.copy(later), data);
    relabel(by_half, {{"share", "true"}});
    scene.expect(scene.copy(by_half), data);
    relabel(by_selector, {{"env", "other"}});
    world.expect_gone(scene.copy(by_selector));
    // It is listed too.
    relabel(by_labels, {{"share", nullptr}});
    syncers.change("page", {{"targetSelector", nullptr}});
    world.expect_gone(scene.copy(later));
    status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json({by_half, by_labels, red}));
    scene.expect(scene.copy(by_labels), data);
    engine.settle();
}

TEST_CASE("a Secret goes along with its type where it allows the syncer's namespace or the target", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const Json data = {{"username", "YW5u"}, {"password", "aHVudGVyMg=="}};
    const auto blue = world.make_namespace("blue");
    const auto source = world.api.create({{"apiVersion", "v1"},
                                          {"kind", "Secret"},
                                          {"metadata", {{"namespace", world.sources()}, {"name", "login"}}},
                                          {"type", "kubernetes.io/basic-auth"},
                                          {"data", data}});
    Engine engine(world, setup);
    syncers.make("page",
                 {{"sourceNamespace", world.sources()}, {"sourceSecret", "login"}, {"targetNamespaces", {red, blue}}});
    auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
    CHECK(status["failedNamespaces"] == Json({blue, red}));
    CHECK_THAT(scene.message("page"), Catch::Contains("moontide.dev/allow-to") && Catch::Contains(home));
    world.check_absent(secret(red, "login"));

    const auto allow = [&](const Json& list) {
        world.change(source, {{"metadata", {{"annotations", {{"moontide.dev/allow-to", list}}}}}});
    };
    allow(red);
    scene.expect(secret(red, "login"), data);
    CHECK(world.api.get(secret(red, "login"))["type"] == "kubernetes.io/basic-auth");
    status = await_status(world, syncers.ref("page"), "one of two", [&](const Json& now) {
        return now["failedNamespaces"] == Json::array({blue}) && now["syncedNamespaces"] == Json::array({red});
    });
    allow(home);
    scene.expect(secret(blue, "login"), data);
    await_ready(world, syncers.ref("page"), "SyncSuccessful");
    allow(nullptr);
    world.expect_gone(secret(red, "login"));
    world.expect_gone(secret(blue, "login"));
    await_ready(world, syncers.ref("page"), "SyncPartiallyFailed");
    engine.settle();
}

TEST_CASE("a listed namespace that is not there is a failed one until somebody makes it", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto later = world.id() + "-later";
    world.make_config_map(world.sources(), "app", {{"a", "1"}});
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {red, later}}}));
    auto status = await_observed(world, syncers.ref("page"), "SyncPartiallyFailed");
    CHECK(status["syncedNamespaces"] == Json::array({red}));
    CHECK(status["failedNamespaces"] == Json::array({later}));
    CHECK_THAT(scene.message("page"), Catch::Contains(later + "/app"));

    world.make_namespace("later");
    scene.expect(scene.copy(later), {{"a", "1"}});
    status = await_ready(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json({later, red}));
    CHECK(status["failedNamespaces"] == Json::array());

    // And when it goes again.
    world.delete_namespace(later);
    status = await_ready(world, syncers.ref("page"), "SyncPartiallyFailed");
    CHECK(status["failedNamespaces"] == Json::array({later}));
    engine.settle();
}

TEST_CASE("a syncer without its source says so, and what was copied stays while the source is away", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const Json labels = {{"env", world.id()}};
    const auto picked = world.make_namespace("picked", {}, labels);
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {red}}, {"targetSelector", {{"matchLabels", labels}}}}));
    auto status = await_observed(world, syncers.ref("page"), "SourceNotFound");
    CHECK(condition_of(status, "Ready")["status"] == "False");
    CHECK(condition_of(status, "Ready")["message"] == "ConfigMap " + world.sources() + "/app does not exist");
    auto source = world.make_config_map(world.sources(), "app", {{"a", "1"}});
    scene.expect(scene.copy(red), {{"a", "1"}});
    await_ready(world, syncers.ref("page"), "SyncSuccessful");

    world.remove(source);
    await_ready(world, syncers.ref("page"), "SourceNotFound");
    engine.settle();
    for (const auto& target : {red, picked}) scene.expect(scene.copy(target), {{"a", "1"}});
    SECTION("and follows it when it is back") {
        source = world.make_config_map(world.sources(), "app", {{"a", "2"}});
        scene.expect(scene.copy(red), {{"a", "2"}});
        await_ready(world, syncers.ref("page"), "SyncSuccessful");
    }
    SECTION("and goes from a namespace that asks no more") {
        world.api.merge(namespace_ref(picked), {{"metadata", {{"labels", {{"env", nullptr}}}}}});
        world.expect_gone(scene.copy(picked));
        scene.expect(scene.copy(red), {{"a", "1"}});
    }
    SECTION("and goes with the syncer") {}
    syncers.remove("page");
    syncers.expect_gone("page");
    for (const auto& target : {red, picked}) world.check_absent(scene.copy(target));
    engine.settle();
}

TEST_CASE("the source's own namespace may be among a syncer's targets, and nothing is written there", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto source = world.make_config_map(world.sources(), "app", {{"a", "1"}});
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {world.sources(), red}}, {"conflictPolicy", "Overwrite"}}));
    scene.expect(scene.copy(red), {{"a", "1"}});
    const auto status = await_observed(world, syncers.ref("page"), "SyncSuccessful");
    CHECK(status["syncedNamespaces"] == Json::array({red}));
    CHECK(status["failedNamespaces"] == Json::array());
    engine.settle();
    world.check_untouched(source);
    syncers.remove("page");
    syncers.expect_gone("page");
    world.check_untouched(source);
}

TEST_CASE("a syncer that is deleted while no engine runs takes its copies along when one does", "[syncers]") {
    Syncers scene;
    auto& [world, home, red, syncers, setup] = scene;
    const auto blue = world.make_namespace("blue");
    const auto source = world.make_config_map(world.sources(), "app", {{"a", "1"}});
    Engine engine(world, setup);
    syncers.make("page", scene.spec({{"targetNamespaces", {red}}}));
    syncers.make("other", scene.spec({{"targetNamespaces", {blue}}}));
    scene.expect(scene.copy(red), {{"a", "1"}});
    scene.expect(scene.copy(blue), {{"a", "1"}}, "other");
    engine.settle();
    engine.stop();
    const auto stays = world.api.get(scene.copy(blue));
    syncers.remove("page");
    SECTION("with its source") {
        world.remove(source);
    }
    SECTION("alone") {}
    engine.start();
    syncers.expect_gone("page");
    world.check_absent(scene.copy(red));
    engine.settle();
    world.check_untouched(stays);
    CHECK(syncers.finalizers("other") == Json::array({SYNCER_FINALIZER}));
}

}  // namespace moontide::test
