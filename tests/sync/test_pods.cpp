// The built-in policy pod-configmap: a ConfigMap beside each pod that a PodConfigMapConfig selects.
#include "askers.hpp"
#include "engine.hpp"
#include "owner_statuses.hpp"
#include "pods.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const std::string GENERATED_BY = "podconfig.example.com/generated-by-pcmc";
const std::string POD_UID = "podconfig.example.com/pod-uid";

struct Scene {
    World world;
    std::string home = world.sources();
    Askers configs{world, Askers::Kind::pod_config_map_config, home};
    Pods pods{world, home};
    Setup setup{.policies = {shipped_policy("pod-configmap")}};

    kube::Ref copy(const std::string& pod, const std::string& config) const {
        return config_map(home, "pod-" + pod + "-from-" + config + "-cfg");
    }

    /// What is in it whatever is asked for, and `more`.
    Json data(const std::string& pod, const Json& more = Json::object()) const {
        return merged({{"podName", pod}, {"namespace", home}, {"nodeName", ""}, {"phase", "Pending"}}, more);
    }

    /// Waits until it holds that and belongs to the pod alone.
    void expect(const std::string& config, const Json& pod, const Json& more = Json::object(),
                Where where = Where::current()) {
        const auto name = ref_of(pod).name;
        const auto wanted = data(name, more);
        const Json reference = {
            {"apiVersion", "v1"}, {"kind", "Pod"}, {"name", name}, {"uid", uid_of(pod)}, {"controller", true}};
        world.await(
            "the ConfigMap of " + name + " from " + config,
            [&](const Objects& objects) -> std::string {
                const auto* object = objects.find(copy(name, config));
                auto complaint = complaint_about_data(object, wanted);
                if (!complaint.empty()) return complaint;
                const auto labels = labels_of(*object);
                if (labels.value(GENERATED_BY, "") != config || labels.value(POD_UID, "") != uid_of(pod))
                    return "its labels are " + labels.dump();
                const auto references = object->at("metadata").value("ownerReferences", Json::array());
                return difference(Json::array({reference}), references);
            },
            where);
    }
};

}  // namespace

TEST_CASE("each pod that a config selects has a ConfigMap with what the config includes of it", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto elsewhere = world.make_namespace("elsewhere");
    Engine engine(world, setup);
    const auto web = pods.make("web", {{"app", "shop"}, {"version", "1.2.3"}, {"tier", "front"}},
                               {{"metadata", {{"annotations", {{"buildID", "b-7"}, {"team/owner", "ann"}}}}}});
    configs.make("page", {{"podSelector", {{"matchLabels", {{"app", "shop"}}}}},
                          {"labelsToInclude", {"app", "version", "region", "a/b"}},
                          {"annotationsToInclude", {"buildID", "commitSHA", "team/owner"}}});
    const auto db = pods.make("db", {{"app", "shop"}, {"a/b", "c"}});
    pods.make("other", {{"app", "other"}});
    Pods(world, elsewhere).make("far", {{"app", "shop"}});

    scene.expect("page", web,
                 {{"label_app", "shop"},
                  {"label_version", "1.2.3"},
                  {"annotation_buildID", "b-7"},
                  {"annotation_team_owner", "ann"}});
    scene.expect("page", db, {{"label_app", "shop"}, {"label_a_b", "c"}});
    await_observed(world, configs.ref("page"), "SyncSuccessful");

    pods.label("db", {{"a/b", nullptr}, {"version", "2"}, {"tier", "back"}});
    pods.annotate("db", {{"commitSHA", "abc"}});
    scene.expect("page", db, {{"label_app", "shop"}, {"label_version", "2"}, {"annotation_commitSHA", "abc"}});

    // What somebody does to one is put right.
    world.api.merge(scene.copy("db", "page"), {{"data", {{"phase", "Lost"}, {"more", "1"}}}});
    world.catch_up();
    scene.expect("page", db, {{"label_app", "shop"}, {"label_version", "2"}, {"annotation_commitSHA", "abc"}});
    world.api.remove(scene.copy("db", "page"));
    world.catch_up();
    scene.expect("page", db, {{"label_app", "shop"}, {"label_version", "2"}, {"annotation_commitSHA", "abc"}});
    engine.settle();
    world.check_absent(scene.copy("other", "page"));
    CHECK(world.api.list("ConfigMap", elsewhere, GENERATED_BY).empty());
    CHECK(world.api.list("ConfigMap", home, GENERATED_BY).size() == 2);
    CHECK(configs.finalizers("page").empty());
}

TEST_CASE("nodeName is empty until a pod is bound, and its phase is followed", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    Engine engine(world, setup);
    configs.make("all", Json::object());
    const auto pending = pods.make("pending");
    const auto bound = pods.make("bound", Json::object(), {{"spec", {{"nodeName", "node-0"}}}});
    scene.expect("all", pending);
    scene.expect("all", bound, {{"nodeName", "node-0"}});

    const auto uid = uid_of(world.api.get(scene.copy("pending", "all")));
    pods.bind("pending", "node-1");
    scene.expect("all", pending, {{"nodeName", "node-1"}});
    pods.set_phase("pending", "Running");
    scene.expect("all", pending, {{"nodeName", "node-1"}, {"phase", "Running"}});
    engine.stop();
    pods.set_phase("pending", "Succeeded");
    engine.start();
    scene.expect("all", pending, {{"nodeName", "node-1"}, {"phase", "Succeeded"}});
    CHECK(uid_of(world.api.get(scene.copy("pending", "all"))) == uid);
    engine.settle();

    // What no ConfigMap shows is not written.
    const auto mark = world.mirror.mark();
    world.api.ask("PATCH", "/api/v1/namespaces/" + home + "/pods/pending/status", {{"status", {{"message", "done"}}}},
                  "application/merge-patch+json");
    pods.set_phase("bound", "Running");
    scene.expect("all", bound, {{"nodeName", "node-0"}, {"phase", "Running"}});
    engine.settle();
    CHECK(world.changes_since(mark, scene.copy("pending", "all")).empty());
}

TEST_CASE("a pod that stops matching loses its ConfigMap, and has one again when it matches", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto web = pods.make("web", {{"app", "shop"}});
    const auto db = pods.make("db", {{"app", "shop"}});
    configs.make("page", {{"podSelector", {{"matchLabels", {{"app", "shop"}}}}}});
    Engine engine(world, setup);
    scene.expect("page", web);
    scene.expect("page", db);
    const auto stays = world.api.get(scene.copy("db", "page"));
    const bool is_seen = GENERATE(true, false);
    CAPTURE(is_seen);
    if (!is_seen) engine.stop();
    pods.label("web", {{"app", "other"}});
    if (!is_seen) engine.start();
    world.expect_gone(scene.copy("web", "page"));
    pods.label("web", {{"app", "shop"}});
    scene.expect("page", web);
    engine.settle();
    world.check_untouched(stays);
}

TEST_CASE("a pod's ConfigMap goes with it, and a pod made anew under its name has one of its own", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    auto web = pods.make("web");
    const auto db = pods.make("db");
    configs.make("all", Json::object());
    Engine engine(world, setup);
    scene.expect("all", web);
    scene.expect("all", db);
    const auto stays = world.api.get(scene.copy("db", "all"));
    const bool is_seen = GENERATE(true, false);
    CAPTURE(is_seen);
    if (!is_seen) engine.stop();
    SECTION("deleted") {
        pods.remove("web");
        if (!is_seen) engine.start();
        world.expect_gone(scene.copy("web", "all"));
    }
    SECTION("made anew at once") {
        pods.remove("web");
        web = pods.make("web");
        if (!is_seen) engine.start();
        scene.expect("all", web);
    }
    SECTION("made anew after its ConfigMap went") {
        if (!is_seen) engine.start();
        pods.remove("web");
        world.expect_gone(scene.copy("web", "all"));
        web = pods.make("web");
        scene.expect("all", web);
    }
    engine.settle();
    world.check_untouched(stays);
}

TEST_CASE("a config that is changed is worked through, and says when it was", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto web = pods.make("web", {{"app", "shop"}, {"tier", "front"}});
    const auto db = pods.make("db", {{"app", "shop"}, {"tier", "back"}});
    configs.make("page", {{"podSelector", {{"matchLabels", {{"tier", "front"}}}}}, {"labelsToInclude", {"app"}}});
    Engine engine(world, setup);
    scene.expect("page", web, {{"label_app", "shop"}});
    auto status = await_observed(world, configs.ref("page"), "SyncSuccessful");
    CHECK(status["observedGeneration"] == 1);
    CHECK(condition_of(status, "Ready")["status"] == "True");
    world.check_absent(scene.copy("db", "page"));

    const bool is_seen = GENERATE(true, false);
    CAPTURE(is_seen);
    if (!is_seen) engine.stop();
    configs.change("page", {{"podSelector", {{"matchLabels", {{"tier", "back"}}}}}, {"labelsToInclude", {"tier"}}});
    if (!is_seen) {
        // Nobody worked it through.
        CHECK(status_of(world, configs.ref("page"))["observedGeneration"] == 1);
        engine.start();
    }
    status = await_observed(world, configs.ref("page"), "SyncSuccessful");
    CHECK(status["observedGeneration"] == 2);
    // What it says is so already.
    CHECK(world.api.get(scene.copy("db", "page"))["data"] == scene.data("db", {{"label_tier", "back"}}));
    world.check_absent(scene.copy("web", "page"));
    scene.expect("page", db, {{"label_tier", "back"}});

    configs.change("page", {{"podSelector", nullptr}, {"labelsToInclude", nullptr}});
    scene.expect("page", web);
    scene.expect("page", db);
    await_observed(world, configs.ref("page"), "SyncSuccessful");
    engine.settle();
    const auto version = version_of(world.api.get(configs.ref("page")));
    engine.restart();
    engine.settle();
    CHECK(version_of(world.api.get(configs.ref("page"))) == version);
}

TEST_CASE("two configs make a ConfigMap each for one pod, and one that is deleted takes its own along", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto web = pods.make("web", {{"app", "shop"}});
    configs.make("one", {{"labelsToInclude", {"app"}}});
    configs.make("two", {{"podSelector", {{"matchLabels", {{"app", "shop"}}}}}});
    Engine engine(world, setup);
    scene.expect("one", web, {{"label_app", "shop"}});
    scene.expect("two", web);
    engine.settle();
    const auto stays = world.api.get(scene.copy("web", "two"));
    const auto pod = world.api.get(pods.ref("web"));
    SECTION("while the engine runs") {
        configs.remove("one");
    }
    SECTION("while it does not") {
        engine.stop();
        configs.remove("one");
        engine.start();
    }
    world.expect_gone(scene.copy("web", "one"));
    engine.settle();
    world.check_untouched(stays);
    world.check_untouched(pod);
}

TEST_CASE("pods and configs with names of any length have ConfigMaps that can be told apart", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const std::string config(253, 'c');
    const std::string stem(250, 'p');
    Engine engine(world, setup);
    configs.make(config, Json::object());
    const auto one = pods.make(stem + "-1");
    const auto two = pods.make(stem + "-2");
    const auto short_one = pods.make("short");
    const auto of = [&](const Json& pod) {
        Json found;
        world.await("the ConfigMap of " + ref_of(pod).name, [&](const Objects& objects) -> std::string {
            for (const auto& [ref, object] : objects.all()) {
                if (ref.namespace_name != home || labels_of(object).value(POD_UID, "") != uid_of(pod)) continue;
                found = object;
                return {};
            }
            return "there is none";
        });
        return found;
    };
    for (const auto& pod : {one, two, short_one}) {
        const auto copy = of(pod);
        CHECK(ref_of(copy).name.size() <= 253);
        CHECK(ref_of(copy).name.starts_with("pod-" + ref_of(pod).name.substr(0, 100)));
        CHECK(copy["data"] == scene.data(ref_of(pod).name));
        // A label has no room for it.
        CHECK(annotations_of(copy).value(GENERATED_BY, "") == config);
    }
    const auto of_one = ref_of(of(one));
    const auto of_two = ref_of(of(two));
    CHECK(of_one != of_two);
    await_observed(world, configs.ref(config), "SyncSuccessful");
    engine.settle();
    const auto before = world.api.list("ConfigMap", home, POD_UID);
    engine.restart();
    engine.settle();
    CHECK(world.api.list("ConfigMap", home, POD_UID) == before);
    pods.remove(stem + "-1");
    world.expect_gone(of_one);
    configs.remove(config);
    world.expect_gone(of_two);
    engine.settle();
}

TEST_CASE("a template that fails for one pod fails its ConfigMap alone, and heals with the pod", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    Engine engine(world, setup);
    const auto good = pods.make("good", Json::object(), {{"metadata", {{"annotations", {{"port", "80"}}}}}});
    const auto bad = pods.make("bad");
    configs.make("page", {{"configMapDataTemplate",
                           {{"motd", "{{ .metadata.name | upper }}: {{ len .spec.containers }}"},
                            {"port", "{{ slice .metadata.annotations.port 0 1 }}"}}}});
    scene.expect("page", good, {{"motd", "GOOD: 1"}, {"port", "8"}});
    auto status = await_observed(world, configs.ref("page"), "SyncPartiallyFailed");
    const auto message = condition_of(status, "Ready")["message"].get<std::string>();
    CHECK_THAT(message, Catch::Contains("bad") && Catch::Contains("template: port:1"));
    CHECK(condition_of(status, "ErrorInTemplate").empty());
    engine.settle();
    world.check_absent(scene.copy("bad", "page"));

    pods.annotate("bad", {{"port", "90"}});
    scene.expect("page", bad, {{"motd", "BAD: 1"}, {"port", "9"}});
    await_observed(world, configs.ref("page"), "SyncSuccessful");

    // One that stood stays as it was when it can be made no more.
    pods.annotate("bad", {{"port", nullptr}});
    await_observed(world, configs.ref("page"), "SyncPartiallyFailed");
    pods.set_phase("good", "Running");
    scene.expect("page", good, {{"motd", "GOOD: 1"}, {"port", "8"}, {"phase", "Running"}});
    engine.settle();
    scene.expect("page", bad, {{"motd", "BAD: 1"}, {"port", "9"}});
}

TEST_CASE("a template that cannot be read is a condition that names its place, until it is mended", "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto web = pods.make("web");
    configs.make("page", {{"configMapDataTemplate", {{"motd", "{{ .metadata.name }}"}}}});
    Engine engine(world, setup);
    scene.expect("page", web, {{"motd", "web"}});
    await_observed(world, configs.ref("page"), "SyncSuccessful");
    configs.change("page", {{"configMapDataTemplate", {{"motd", "{{ .metadata.name"}}}});
    auto status = await_observed(world, configs.ref("page"), "ErrorInTemplate");
    CHECK(condition_of(status, "Ready")["status"] == "False");
    const auto error = condition_of(status, "ErrorInTemplate");
    CHECK(error["status"] == "True");
    CHECK_THAT(error["message"].get<std::string>(), Catch::Contains("template: motd:1: unclosed action"));
    engine.settle();
    scene.expect("page", web, {{"motd", "web"}});

    configs.change("page", {{"configMapDataTemplate", {{"motd", "{{ .metadata.name | upper }}"}}}});
    scene.expect("page", web, {{"motd", "WEB"}});
    status = await_observed(world, configs.ref("page"), "SyncSuccessful");
    CHECK(condition_of(status, "ErrorInTemplate").empty());
    engine.settle();
}

TEST_CASE("ConfigMaps that the page's controller made are taken over, and what only has their name is left alone",
          "[pods]") {
    Scene scene;
    auto& [world, home, configs, pods, setup] = scene;
    const auto web = pods.make("web");
    pods.make("db");
    configs.make("page", Json::object());
    const auto made = world.make_config_map(home, "pod-web-from-page-cfg", {{"podName", "web"}, {"phase", "Unknown"}},
                                            {{"metadata",
                                              {{"labels", {{GENERATED_BY, "page"}, {POD_UID, uid_of(web)}}},
                                               {"ownerReferences", Json::array({{{"apiVersion", "v1"},
                                                                                 {"kind", "Pod"},
                                                                                 {"name", "web"},
                                                                                 {"uid", uid_of(web)},
                                                                                 {"controller", true},
                                                                                 {"blockOwnerDeletion", true}}})}}}});
    const auto theirs = world.make_config_map(home, "pod-db-from-page-cfg", {{"mine", "yes"}});
    Engine engine(world, setup);
    scene.expect("page", web);
    CHECK(uid_of(world.api.get(ref_of(made))) == uid_of(made));
    const auto status = await_observed(world, configs.ref("page"), "SyncPartiallyFailed");
    CHECK_THAT(condition_of(status, "Ready")["message"].get<std::string>(), Catch::Contains("pod-db-from-page-cfg"));
    engine.settle();
    world.check_untouched(theirs);
    configs.remove("page");
    world.expect_gone(ref_of(made));
    engine.settle();
    world.check_untouched(theirs);
}

}  // namespace moontide::test
