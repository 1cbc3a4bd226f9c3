// The slot `writes` = "fields": what we name is ours, everything else of the copy is others'.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

policy::PolicyPtr with_fields(const World& world, const std::string& existing = "refuse",
                              const std::string& writes = "fields") {
    return policy_of(world, R"(return {
      api      = "moontide/v1",
      from     = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into     = { labels = { ["test/world"] = "@ID@" } },
      writes   = ")" + writes +
                                R"(",
      existing = ")" + existing +
                                R"(",
    })");
}

Json make_shared(World& world, const Json& data) {
    return world.make_config_map(world.sources(), "shared", data,
                                 {{"metadata", {{"labels", {{"test/share", "true"}}}}}});
}

/// Managers of an object that applied, by name.
std::vector<std::string> appliers(const Json& object) {
    std::vector<std::string> names;
    for (const auto& entry : object.at("metadata").value("managedFields", Json::array())) {
        if (entry.value("operation", "") == "Apply") names.push_back(entry.value("manager", ""));
    }
    return names;
}

}  // namespace

TEST_CASE("a copy of fields keeps what others put beside them") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto copy = config_map(red, "shared");
    auto source = make_shared(world, {{"a", "1"}, {"b", "1"}});
    Engine engine(world, {.policies = {with_fields(world)}});
    world.expect_data(copy, {{"a", "1"}, {"b", "1"}});
    engine.settle();
    const auto made = world.api.get(copy);
    CHECK(appliers(made) == std::vector<std::string>{"moontide"});
    CHECK(labels_of(made).value(MANAGED_BY, "") == "moontide");

    // A key of somebody's stays, through updates too; one that we want no longer goes.
    world.api.merge(copy, {{"data", {{"theirs", "yes"}}}});
    source = world.change_data(source, {{"a", "2"}, {"b", nullptr}});
    world.expect_data(copy, {{"a", "2"}, {"theirs", "yes"}});
    engine.settle();
    // What somebody writes over ours, or takes out of it, is put right.
    world.api.merge(copy, {{"data", {{"a", "edited"}}}});
    world.catch_up();
    world.expect_data(copy, {{"a", "2"}, {"theirs", "yes"}});
    engine.settle();
    world.api.merge(copy, {{"data", {{"a", nullptr}}}});
    world.catch_up();
    world.expect_data(copy, {{"a", "2"}, {"theirs", "yes"}});
    engine.settle();
    CHECK(uid_of(world.api.get(copy)) == uid_of(made));

    const auto writes = world.server.writes();
    engine.restart();
    engine.settle();
    CHECK(world.server.writes() == writes);
    SECTION("and goes with its source") {
        world.remove(source);
    }
    SECTION("and with a namespace that stops asking, while the engine is down") {
        engine.stop();
        world.api.merge(namespace_ref(red), {{"metadata", {{"labels", {{"test/world", nullptr}}}}}});
        engine.start();
    }
    world.expect_gone(copy);
}

TEST_CASE("a foreign object is not touched by an apply that may only make one") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto foreign = world.make_config_map(red, "shared", {{"mine", "yes"}});
    make_shared(world, {{"a", "1"}});
    Engine engine(world, {.policies = {with_fields(world)}});
    engine.expect_refused(red);
    world.check_untouched(foreign);
    world.remove(foreign);
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
}

TEST_CASE("existing = overwrite with fields takes the content, keeps what comes later, and releases all") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto copy = config_map(red, "shared");
    const auto foreign = world.make_config_map(red, "shared", {{"old", "yes"}, {"a", "0"}},
                                               {{"metadata", {{"labels", {{"app", "web"}}}}}});
    auto source = make_shared(world, {{"a", "1"}});
    Engine engine(world, {.policies = {with_fields(world, "overwrite")}});
    world.expect_data(copy, {{"a", "1"}});
    engine.settle();
    world.api.merge(copy, {{"data", {{"new", "yes"}}}});
    source = world.change_data(source, {{"a", "2"}});
    world.expect_data(copy, {{"a", "2"}, {"new", "yes"}});
    engine.settle();
    const auto writes = world.server.writes();
    engine.restart();
    engine.settle();
    CHECK(world.server.writes() == writes);
    world.remove(source);
    world.await("it is released", [&](const Objects& objects) -> std::string {
        const Json* object = objects.find(copy);
        if (object == nullptr) return "it was deleted";
        return difference({{"app", "web"}}, labels_of(*object)) + difference(Json::object(), annotations_of(*object)) +
               complaint_about_data(object, {{"a", "2"}, {"new", "yes"}});
    });
    const auto released = world.api.get(copy);
    CHECK(uid_of(released) == uid_of(foreign));
    CHECK(appliers(released).empty());
}

TEST_CASE("a copy that was ours whole becomes one of fields, and back, without being made anew") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto copy = config_map(red, "shared");
    auto source = make_shared(world, {{"a", "1"}, {"b", "1"}});
    Engine engine(world, {.policies = {with_fields(world, "refuse", "whole")}});
    world.expect_data(copy, {{"a", "1"}, {"b", "1"}});
    engine.settle();
    const auto made = world.api.get(copy);
    engine.setup.policies = {with_fields(world)};
    engine.restart();
    engine.settle();
    // What was written whole before is pruned as if it had been applied.
    source = world.change_data(source, {{"b", nullptr}});
    world.expect_data(copy, {{"a", "1"}});
    world.api.merge(copy, {{"data", {{"theirs", "yes"}}}});
    world.catch_up();
    engine.settle();
    world.expect_data(copy, {{"a", "1"}, {"theirs", "yes"}});
    engine.setup.policies = {with_fields(world, "refuse", "whole")};
    engine.restart();
    world.expect_data(copy, {{"a", "1"}});
    CHECK(uid_of(world.api.get(copy)) == uid_of(made));
}

TEST_CASE("a kind that is not ours whole is made, kept and deleted") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const kube::Ref account{{"v1", "ServiceAccount"}, red, "runner"};
    const auto source = world.make_config_map(world.sources(), "runner", {{"pull", "one"}},
                                              {{"metadata", {{"labels", {{"test/share", "true"}}}}}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api    = "moontide/v1",
      from   = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into   = { labels = { ["test/world"] = "@ID@" } },
      kind   = "ServiceAccount",
      object = { imagePullSecrets = { { name = "{source.data.pull}" } }, automountServiceAccountToken = false },
    })")}});
    const auto expect_pull = [&](const Json& list) {
        world.await("the account is right", [&](const Objects&) -> std::string {
            const auto object = world.api.find(account);
            if (!object) return "there is none";
            if (object->value("automountServiceAccountToken", true)) return "it mounts its token";
            return difference(list, object->value("imagePullSecrets", Json()));
        });
    };
    expect_pull({{{"name", "one"}}});
    engine.settle();
    world.change_data(source, {{"pull", "two"}});
    expect_pull({{{"name", "two"}}});
    engine.settle();
    world.api.merge(account, {{"automountServiceAccountToken", true}, {"secrets", {{{"name", "theirs"}}}}});
    expect_pull({{{"name", "two"}}});
    CHECK(world.api.get(account).value("secrets", Json()) == Json({{{"name", "theirs"}}}));
    engine.settle();
    const auto version = version_of(world.api.get(account));
    engine.forget_deeds();
    engine.restart();
    engine.settle();
    CHECK(version_of(world.api.get(account)) == version);
    CHECK(engine.deeds().empty());
    world.remove(source);
    world.await("it goes with its source",
                [&](const Objects&) -> std::string { return world.api.find(account) ? "it is there" : ""; });
}

TEST_CASE("what the server writes in its own way is not written again and again") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const kube::Ref deployment{{"apps/v1", "Deployment"}, red, "web"};
    const auto source = world.make_config_map(world.sources(), "web", {{"image", "web:1"}},
                                              {{"metadata", {{"labels", {{"test/share", "true"}}}}}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api    = "moontide/v1",
      from   = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into   = { labels = { ["test/world"] = "@ID@" } },
      kind   = "Deployment",
      object = function(on)
        return { spec = {
          selector = { matchLabels = { app = "web" } },
          template = {
            metadata = { labels = { app = "web" } },
            spec = { containers = { {
              name = "web", image = on.source.data.image, resources = { requests = { cpu = "1000m" } },
              ports = { { containerPort = 80 } },
            } } },
          },
        } }
      end,
    })")}});
    const auto expect_image = [&](const std::string& image) {
        world.await("the deployment is right", [&](const Objects&) -> std::string {
            const auto object = world.api.find(deployment);
            if (!object) return "there is none";
            const auto there = object->at("/spec/template/spec/containers/0/image"_json_pointer).get<std::string>();
            return there == image ? "" : "it has " + there;
        });
    };
    expect_image("web:1");
    engine.settle();
    const auto generation = [&] { return world.api.get(deployment).at("metadata").at("generation").get<int>(); };
    CHECK(generation() == 1);
    CHECK(engine.deeds().size() == 1);
    engine.forget_deeds();
    engine.restart();
    engine.settle();
    CHECK(generation() == 1);
    CHECK(engine.deeds().empty());

    // What we do not name is whose it is.
    world.api.merge(deployment, {{"spec", {{"replicas", 3}}}});
    world.change_data(source, {{"image", "web:2"}});
    expect_image("web:2");
    CHECK(world.api.get(deployment).at("spec").value("replicas", 0) == 3);
    world.api.merge(
        deployment,
        {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "web"}, {"image", "web:edited"}}}}}}}}}}});
    expect_image("web:2");
    engine.settle();
    world.remove(source);
    world.await("it goes with its source",
                [&](const Objects&) -> std::string { return world.api.find(deployment) ? "it is there" : ""; });
}

}  // namespace moontide::test
