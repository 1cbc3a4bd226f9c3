// Parts: what several policies have in objects that are somebody else's.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* PART = "moontide.dev/part";

/// Sources with that label, merged into the ConfigMap "app" of every namespace of the world.
policy::PolicyPtr merging(const World& world, const std::string& name, const std::string& existing = "merge") {
    return policy_of(world,
                     R"(return {
      api      = "moontide/v1",
      from     = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/for"] = ")" +
                         name + R"(" } },
      into     = { labels = { ["test/world"] = "@ID@" } },
      name     = "app",
      existing = ")" + existing +
                         R"(",
    })",
                     name);
}

/// Sources of such policies, and the one namespace that they go to.
struct Place {
    World world;
    std::string red = world.make_namespace("red", {}, {{"test/world", world.id()}});

    Json make_source(const std::string& name, const Json& data) {
        return world.make_config_map(world.sources(), name, data, {{"metadata", {{"labels", {{"test/for", name}}}}}});
    }
    kube::Ref app() const { return config_map(red, "app"); }
};

/// A foreign object in red, and two policies that merge into it.
struct Shared : Place {
    Shared()
        : foreign(world.make_config_map(red, "app", {{"mine", "yes"}},
                                        {{"metadata", {{"labels", {{"app", "web"}}}, {"annotations", {{"x", "y"}}}}}})),
          one(make_source("one", {{"a", "1"}})),
          two(make_source("two", {{"b", "1"}})),
          engine(world, {.policies = {merging(world, "one"), merging(world, "two")}}) {
        world.expect_data(app(), {{"mine", "yes"}, {"a", "1"}, {"b", "1"}});
        engine.settle();
    }

    /// As it was before it was joined, in all that a user sees.
    void expect_as_before() {
        world.await("the object is as it was", [&](const Objects& objects) -> std::string {
            const Json* object = objects.find(app());
            if (object == nullptr) return "it was deleted";
            if (uid_of(*object) != uid_of(foreign)) return "it was made anew";
            return difference(labels_of(foreign), labels_of(*object)) +
                   difference(annotations_of(foreign), annotations_of(*object)) +
                   complaint_about_data(object, foreign.at("data"));
        });
    }

    Json foreign;
    Json one;
    Json two;
    Engine engine;
};

std::size_t parts_in(const Json& object) {
    std::size_t count = 0;
    const auto annotations = annotations_of(object);
    for (const auto& [key, value] : annotations.items()) count += key.starts_with("part.moontide.dev/");
    return count;
}

/// Waits for an Event about the sources' namespace whose message has all of these.
void expect_told(World& world, const std::vector<std::string>& words) {
    world.await("an Event says why", [&](const Objects& objects) -> std::string {
        for (const auto& [ref, event] : objects.all()) {
            if (ref.kind.kind != "Event" || ref.namespace_name != world.sources()) continue;
            const auto message = event.value("message", "");
            if (std::ranges::all_of(words, [&](const auto& word) { return message.find(word) != std::string::npos; }))
                return "";
        }
        return "there is none";
    });
}

}  // namespace

TEST_CASE("two policies have their parts in one object side by side") {
    Shared scene;
    auto object = scene.world.api.get(scene.app());
    CHECK(parts_in(object) == 2);
    CHECK(labels_of(object).value(PART, "") == scene.world.id());
    for (const char* key : {MANAGED_BY, INSTANCE, OWNER}) CHECK_FALSE(labels_of(object).contains(key));
    CHECK_FALSE(annotations_of(object).contains(CLAIM));

    // Each follows its source, and a key that is wanted no longer goes.
    scene.one = scene.world.change_data(scene.one, {{"a", nullptr}, {"c", "3"}});
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"c", "3"}, {"b", "1"}});
    scene.two = scene.world.change_data(scene.two, {{"b", "2"}});
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"c", "3"}, {"b", "2"}});

    // One ends, and the other stays what it was.
    scene.world.remove(scene.one);
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"b", "2"}});
    scene.engine.settle();
    object = scene.world.api.get(scene.app());
    CHECK(parts_in(object) == 1);
    CHECK(labels_of(object).value(PART, "") == scene.world.id());
    scene.world.remove(scene.two);
    scene.expect_as_before();
}

TEST_CASE("where two policies merge and there is nothing yet, one makes it and the other joins") {
    Place place;
    auto& world = place.world;
    const auto app = place.app();
    auto one = place.make_source("one", {{"a", "1"}});
    auto two = place.make_source("two", {{"b", "1"}});
    Engine engine(world, {.policies = {merging(world, "one"), merging(world, "two")}});
    world.expect_data(app, {{"a", "1"}, {"b", "1"}});
    engine.settle();
    world.api.merge(app, {{"data", {{"theirs", "yes"}}}});
    one = world.change_data(one, {{"a", "2"}});
    two = world.change_data(two, {{"b", "2"}});
    world.expect_data(app, {{"a", "2"}, {"b", "2"}, {"theirs", "yes"}});
    engine.settle();
    const auto writes = world.server.writes();
    engine.restart();
    engine.settle();
    CHECK(world.server.writes() == writes);
    // Who has a part of it takes it over from who made it, and ends it.
    const auto made = world.api.get(app);
    const bool first =
        annotations_of(made).at(CLAIM).get<std::string>().find("\"policy\":\"one\"") != std::string::npos;
    world.remove(first ? one : two);
    auto& left = first ? two : one;
    const auto key = first ? "b" : "a";
    world.expect_data(app, {{key, "2"}, {"theirs", "yes"}});
    engine.settle();
    CHECK(uid_of(world.api.get(app)) == uid_of(made));
    CHECK(parts_in(world.api.get(app)) == 0);
    left = world.change_data(left, {{key, "3"}});
    world.expect_data(app, {{key, "3"}, {"theirs", "yes"}});
    world.remove(left);
    world.expect_gone(app);
}

TEST_CASE("what one merged and another joined goes with the one, and is awaited by the other") {
    Place place;
    auto& world = place.world;
    const auto app = place.app();
    const auto one = place.make_source("one", {{"a", "1"}});
    place.make_source("two", {{"b", "1"}});
    Engine engine(world, {.policies = {merging(world, "one"), merging(world, "two", "join")}});
    world.expect_data(app, {{"a", "1"}, {"b", "1"}});
    engine.settle();
    world.remove(one);
    world.expect_gone(app);
    world.make_config_map(place.red, "app", {{"mine", "yes"}});
    world.expect_data(app, {{"mine", "yes"}, {"b", "1"}});
}

TEST_CASE("parts cost nothing while nothing changes, also after a restart") {
    Shared scene;
    const auto version = version_of(scene.world.api.get(scene.app()));
    const auto writes = scene.world.server.writes();
    SECTION("beside a change of what is not ours") {
        scene.world.api.merge(scene.app(), {{"data", {{"mine", "still"}}}});
        scene.world.catch_up();
        scene.engine.settle();
        scene.engine.restart();
        scene.engine.settle();
        CHECK(scene.world.server.writes() == writes + 2);  // that change, and the test's own to catch up with it
    }
    SECTION("or none") {
        scene.engine.restart();
        scene.engine.settle();
        CHECK(scene.world.server.writes() == writes);
        CHECK(version_of(scene.world.api.get(scene.app())) == version);
    }
}

TEST_CASE("parts whose sources went while the engine was down are taken out at its start") {
    Shared scene;
    scene.engine.stop();
    scene.world.remove(scene.one);
    SECTION("one of two") {
        scene.engine.start();
        scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"b", "1"}});
    }
    SECTION("all") {
        scene.world.remove(scene.two);
        scene.engine.start();
        scene.expect_as_before();
    }
}

TEST_CASE("a namespace that stops asking gets its object back as it was") {
    Shared scene;
    SECTION("at once") {
        scene.world.api.merge(namespace_ref(scene.red), {{"metadata", {{"labels", {{"test/world", nullptr}}}}}});
    }
    SECTION("after it stopped while the engine was down") {
        scene.engine.stop();
        scene.world.api.merge(namespace_ref(scene.red), {{"metadata", {{"labels", {{"test/world", nullptr}}}}}});
        scene.engine.start();
    }
    scene.expect_as_before();
}

TEST_CASE("a policy that no longer merges takes its part out") {
    Shared scene;
    scene.engine.setup.policies = {merging(scene.world, "one", "refuse"), merging(scene.world, "two")};
    scene.engine.restart();
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"b", "1"}});
}

TEST_CASE("a key that somebody takes out of a part comes back, one that somebody sets is theirs") {
    Shared scene;
    scene.world.api.merge(scene.app(), {{"data", {{"a", nullptr}}}});
    scene.world.catch_up();
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"a", "1"}, {"b", "1"}});
    scene.engine.settle();

    scene.world.api.merge(scene.app(), {{"data", {{"a", "theirs"}}}});
    expect_told(scene.world, {scene.red + "/app", ".data.a"});
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"a", "theirs"}, {"b", "1"}});
    scene.two = scene.world.change_data(scene.two, {{"b", "2"}});
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"a", "theirs"}, {"b", "2"}});
    // When they leave it, it is ours again.
    scene.world.api.merge(scene.app(), {{"data", {{"a", nullptr}}}});
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"a", "1"}, {"b", "2"}});
}

TEST_CASE("a conflict is told with manager and field, and looked at again") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const auto foreign = world.make_config_map(red, "app", {{"a", "theirs"}});
    world.make_config_map(world.sources(), "one", {{"a", "1"}}, {{"metadata", {{"labels", {{"test/for", "one"}}}}}});
    Engine engine(world, {.policies = {merging(world, "one")}});
    expect_told(world, {"kubectl-create", ".data.a", red + "/app"});
    world.check_untouched(foreign);
    world.api.merge(config_map(red, "app"), {{"data", {{"a", nullptr}, {"mine", "yes"}}}});
    world.expect_data(config_map(red, "app"), {{"a", "1"}, {"mine", "yes"}});
}

TEST_CASE("marks that are taken off a part by hand come back, with the claim too") {
    Shared scene;
    const auto object = scene.world.api.get(scene.app());
    Json patch;
    SECTION("the label") {
        patch["metadata"]["labels"][PART] = nullptr;
    }
    SECTION("the claims") {
        const auto annotations = annotations_of(object);
        for (const auto& [key, value] : annotations.items()) {
            if (key.starts_with("part.moontide.dev/")) patch["metadata"]["annotations"][key] = nullptr;
        }
    }
    scene.world.api.merge(scene.app(), patch);
    scene.world.catch_up();
    scene.world.await("the marks are back", [&](const Objects& objects) -> std::string {
        const Json* now = objects.find(scene.app());
        if (now == nullptr) return "it was deleted";
        return parts_in(*now) == 2 && labels_of(*now).contains(PART) ? "" : "they are not";
    });
    scene.world.expect_data(scene.app(), {{"mine", "yes"}, {"a", "1"}, {"b", "1"}});
    scene.world.remove(scene.one);
    scene.world.remove(scene.two);
    scene.expect_as_before();
}

TEST_CASE("parts that lose their label as their sources go, go too") {
    Shared scene;
    scene.world.api.merge(scene.app(), {{"metadata", {{"labels", {{PART, nullptr}}}}}});
    scene.world.remove(scene.one);
    scene.world.remove(scene.two);
    scene.expect_as_before();
}

TEST_CASE("an object that goes is made anew by merge, and awaited again by join") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const std::string existing = GENERATE("merge", "join");
    const auto foreign = world.make_config_map(red, "app", {{"mine", "yes"}});
    const auto source = world.make_config_map(world.sources(), "one", {{"a", "1"}},
                                              {{"metadata", {{"labels", {{"test/for", "one"}}}}}});
    Engine engine(world, {.policies = {merging(world, "one", existing)}});
    world.expect_data(config_map(red, "app"), {{"mine", "yes"}, {"a", "1"}});
    engine.settle();
    world.remove(foreign);
    if (existing == "merge") {
        world.expect_data(config_map(red, "app"), {{"a", "1"}});
        world.remove(source);
        world.expect_gone(config_map(red, "app"));
    } else {
        world.expect_gone(config_map(red, "app"));
        world.catch_up();
        engine.settle();
        world.check_absent(config_map(red, "app"));
        world.make_config_map(red, "app", {{"new", "yes"}});
        world.expect_data(config_map(red, "app"), {{"new", "yes"}, {"a", "1"}});
    }
}

TEST_CASE("join may name the source itself") {
    World world;
    const auto source = world.make_config_map(world.sources(), "self", {{"name", "web"}},
                                              {{"metadata", {{"labels", {{"test/for", "self"}}}}}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api      = "moontide/v1",
      from     = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/for"] = "self" } },
      into     = { namespace = "{source.namespace}" },
      existing = "join",
      data     = function(on) return { greeting = "hello " .. on.source.data.name } end,
    })")}});
    const auto ref = ref_of(source);
    world.expect_data(ref, {{"name", "web"}, {"greeting", "hello web"}});
    world.api.merge(ref, {{"data", {{"name", "api"}}}});
    world.expect_data(ref, {{"name", "api"}, {"greeting", "hello api"}});
    engine.settle();
    const auto writes = world.server.writes();
    engine.restart();
    engine.settle();
    CHECK(world.server.writes() == writes);
    world.api.merge(ref, {{"metadata", {{"labels", {{"test/for", nullptr}}}}}});
    world.expect_data(ref, {{"name", "api"}});
    world.await("its marks are gone", [&](const Objects& objects) -> std::string {
        return labels_of(*objects.find(ref)).contains(PART) ? "the label is there" : "";
    });
}

TEST_CASE("elements of a list that has one owner are added and taken out one by one") {
    World world;
    const auto red = world.make_namespace("red", {}, {{"test/world", world.id()}});
    const kube::Ref account{{"v1", "ServiceAccount"}, red, "builder"};
    world.api.create({{"apiVersion", "v1"},
                      {"kind", "ServiceAccount"},
                      {"metadata", {{"name", "builder"}, {"namespace", red}}},
                      {"imagePullSecrets", {{{"name", "theirs"}}, {{"name", "both"}}}}});
    const auto source = world.make_config_map(world.sources(), "pull", {{"names", "ours both"}},
                                              {{"metadata", {{"labels", {{"test/for", "pull"}}}}}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api      = "moontide/v1",
      from     = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/for"] = "pull" } },
      into     = { labels = { ["test/world"] = "@ID@" } },
      kind     = "ServiceAccount",
      name     = "builder",
      existing = "merge",
      object   = function(on)
        local list = moontide.list()
        for name in on.source.data.names:gmatch("%S+") do list[#list + 1] = { name = name } end
        return { imagePullSecrets = list }
      end,
    })")}});
    const auto expect_names = [&](const Json& names) {
        world.await("the list is right", [&](const Objects&) -> std::string {
            Json there = Json::array();
            for (const auto& one : world.api.get(account).value("imagePullSecrets", Json::array()))
                there.push_back(one.at("name"));
            return difference(names, there);
        });
    };
    expect_names({"theirs", "both", "ours"});
    engine.settle();
    const auto version = version_of(world.api.get(account));
    engine.restart();
    engine.settle();
    CHECK(version_of(world.api.get(account)) == version);
    CHECK(engine.count(Deed::What::replaced, red) == 1);

    // Somebody writes the list anew, without ours.
    world.api.merge(account, {{"imagePullSecrets", {{{"name", "theirs"}}, {{"name", "both"}}, {{"name", "new"}}}}});
    expect_names({"theirs", "both", "new", "ours"});
    engine.settle();
    world.change_data(source, {{"names", "both other"}});
    expect_names({"theirs", "both", "new", "other"});
    engine.settle();
    world.remove(source);
    expect_names({"theirs", "both", "new"});
    world.await("its marks are gone", [&](const Objects&) -> std::string {
        const auto object = world.api.get(account);
        return annotations_of(object).empty() && labels_of(object).empty() ? "" : object.at("metadata").dump();
    });
}

}  // namespace moontide::test
