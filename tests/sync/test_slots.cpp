// The slots of a policy that annotation-sync does not use, each with a policy of its own.
#include "engine.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* FROM = R"(
  api  = "moontide/v1",
  from = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
)";
constexpr const char* INTO = R"(
  into = { labels = { ["test/world"] = "@ID@" } },
)";

policy::PolicyPtr with_slots(const World& world, const std::string& slots) {
    return policy_of(world, std::string("return {") + FROM + slots + "}");
}

Json shared(World& world, const std::string& name, const Json& data, const Json& more = Json::object()) {
    return world.make_config_map(world.sources(), name, data,
                                 merged({{"metadata", {{"labels", {{"test/share", "true"}}}}}}, more));
}

std::string place(World& world, std::string_view word, const Json& labels = Json::object()) {
    return world.make_namespace(word, {}, merged({{"test/world", world.id()}}, labels));
}

}  // namespace

TEST_CASE("with: a copy follows its companion") {
    World world;
    const auto red = place(world, "red");
    const auto source = shared(world, "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(
      with = { region = { kind = "ConfigMap", namespace = "{target.namespace}", name = "region" } },
      data = function(on) return { a = on.source.data.a, region = on.region and on.region.data.name or "none" } end,
    )")}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}, {"region", "none"}});
    auto region = world.make_config_map(red, "region", {{"name", "eu"}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}, {"region", "eu"}});
    region = world.change_data(region, {{"name", "us"}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}, {"region", "us"}});
    world.remove(region);
    world.expect_data(config_map(red, "shared"), {{"a", "1"}, {"region", "none"}});
    engine.settle();
}

TEST_CASE("a source says its kind, also where a server lists by pages and leaves the kind out of each item") {
    World world;
    const auto red = place(world, "red");
    shared(world, "shared", {{"a", "1"}});
    world.api.create(
        {{"apiVersion", "v1"},
         {"kind", "Secret"},
         {"metadata", {{"namespace", world.sources()}, {"name", "hidden"}, {"labels", {{"test/share", "true"}}}}}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api  = "moontide/v1",
      from = { kind = { "ConfigMap", "Secret" }, namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into = { labels = { ["test/world"] = "@ID@" } },
      data = function(on) return { of = on.source.apiVersion .. " " .. on.source.kind } end,
    })")},
                          .adjust = [](SyncOptions& options) { options.watch_list = false; }});
    world.expect_data(config_map(red, "shared"), {{"of", "v1 ConfigMap"}});
    world.expect_data(secret(red, "hidden"), {{"of", "djEgU2VjcmV0"}});
}

TEST_CASE("group: sources with the same text make one copy a target") {
    World world;
    const auto red = place(world, "red");
    const auto blue = place(world, "blue");
    const auto of_team = [](const char* team) -> Json { return {{"metadata", {{"labels", {{"team", team}}}}}}; };
    auto first = shared(world, "first", {{"a", "1"}}, of_team("x"));
    auto second = shared(world, "second", {{"b", "2"}}, of_team("x"));
    const auto third = shared(world, "third", {{"c", "3"}}, of_team("y"));
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(
      group = "{source.labels.team}",
      name  = "team-{group}",
      data  = function(on)
        local all = {}
        for _, source in ipairs(on.sources) do
          for key, value in pairs(source.data) do all[source.name .. "." .. key] = value end
        end
        return all
      end,
    )")}});
    for (const auto& name : {red, blue}) {
        world.expect_data(config_map(name, "team-x"), {{"first.a", "1"}, {"second.b", "2"}});
        world.expect_data(config_map(name, "team-y"), {{"third.c", "3"}});
    }
    second = world.change_data(second, {{"b", "3"}});
    world.expect_data(config_map(red, "team-x"), {{"first.a", "1"}, {"second.b", "3"}});
    SECTION("a source leaves the group") {
        world.remove(first);
        world.expect_data(config_map(red, "team-x"), {{"second.b", "3"}});
        world.remove(second);
        world.expect_gone(config_map(red, "team-x"));
    }
    SECTION("a source changes its group") {
        first = world.change(first, of_team("y"));
        world.expect_data(config_map(red, "team-x"), {{"second.b", "3"}});
        world.expect_data(config_map(red, "team-y"), {{"first.a", "1"}, {"third.c", "3"}});
    }
    SECTION("a group ends while the engine is down") {
        engine.stop();
        world.remove(first);
        world.remove(second);
        engine.start();
        world.expect_gone(config_map(red, "team-x"));
        world.expect_gone(config_map(blue, "team-x"));
    }
    world.expect_data(config_map(blue, "team-y"),
                      world.api.find(ref_of(first)) && labels_of(first).value("team", "") == "y"
                          ? Json{{"first.a", "1"}, {"third.c", "3"}}
                          : Json{{"third.c", "3"}});
}

TEST_CASE("into: a function lists targets by namespace and name") {
    World world;
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    auto source = shared(world, "shared", {{"targets", red + "=one," + blue + "=two"}});
    Engine engine(world, {.policies = {with_slots(world, R"lua(
      into = function(on)
        local targets = {}
        for namespace, name in string.gmatch(on.source.data.targets, "([^=,]+)=([^=,]+)") do
          targets[#targets + 1] = { namespace = namespace, name = name }
        end
        return targets
      end,
      data = { fixed = "yes" },
      keys = { keep = { "none" } },
    )lua")}});
    world.expect_data(config_map(red, "one"), {{"fixed", "yes"}});
    world.expect_data(config_map(blue, "two"), {{"fixed", "yes"}});
    source = world.change_data(source, {{"targets", red + "=three"}});
    world.expect_data(config_map(red, "three"), {{"fixed", "yes"}});
    world.expect_gone(config_map(red, "one"));
    world.expect_gone(config_map(blue, "two"));

    // A namespace that is named before it is there.
    const auto later = world.id() + "-later";
    source = world.change_data(source, {{"targets", red + "=three," + later + "=four"}});
    engine.settle();
    world.make_namespace("later");
    world.expect_data(config_map(later, "four"), {{"fixed", "yes"}});
}

TEST_CASE("into: where is asked for each namespace") {
    World world;
    const auto red = place(world, "red", {{"size", "5"}});
    const auto blue = place(world, "blue", {{"size", "50"}});
    shared(world, "shared", {{"least", "10"}});
    Engine engine(world, {.policies = {with_slots(world, R"(
      into = { labels = { ["test/world"] = "@ID@" },
               where = function(on) return tonumber(on.namespace.labels.size) >= tonumber(on.source.data.least) end },
    )")}});
    world.expect_data(config_map(blue, "shared"), {{"least", "10"}});
    engine.settle();
    world.check_absent(config_map(red, "shared"));
    world.api.merge(namespace_ref(red), {{"metadata", {{"labels", {{"size", "10"}}}}}});
    world.expect_data(config_map(red, "shared"), {{"least", "10"}});
    world.api.merge(config_map(world.sources(), "shared"), {{"data", {{"least", "20"}}}});
    world.expect_gone(config_map(red, "shared"));
    world.expect_data(config_map(blue, "shared"), {{"least", "20"}});
}

TEST_CASE("name, keys and data: what a copy is called and holds") {
    World world;
    const auto red = place(world, "red", {{"region", "eu"}});
    const auto blue = place(world, "blue");
    auto source = shared(world, "web", {{"a.conf", "1"}, {"b.conf", "2"}, {"local.conf", "3"}, {"notes", "4"}});
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(
      name = "{source.name}-{source.labels.team|all}",
      keys = { keep = { "*.conf" }, drop = { "local.*" }, rename = { ["b.conf"] = "c.conf" } },
      data = { ["region.conf"] = "region={namespace.labels.region|none}" },
    )")}});
    world.expect_data(config_map(red, "web-all"), {{"a.conf", "1"}, {"c.conf", "2"}, {"region.conf", "region=eu"}});
    world.expect_data(config_map(blue, "web-all"), {{"a.conf", "1"}, {"c.conf", "2"}, {"region.conf", "region=none"}});

    world.api.merge(namespace_ref(blue), {{"metadata", {{"labels", {{"region", "us"}}}}}});
    world.expect_data(config_map(blue, "web-all"), {{"a.conf", "1"}, {"c.conf", "2"}, {"region.conf", "region=us"}});
    source = world.change_data(source, {{"notes", "5"}, {"a.conf", "10"}});
    world.expect_data(config_map(red, "web-all"), {{"a.conf", "10"}, {"c.conf", "2"}, {"region.conf", "region=eu"}});

    // Another name: the copy moves.
    world.change(source, {{"metadata", {{"labels", {{"team", "x"}}}}}});
    world.expect_data(config_map(red, "web-x"), {{"a.conf", "10"}, {"c.conf", "2"}, {"region.conf", "region=eu"}});
    world.expect_gone(config_map(red, "web-all"));
    world.expect_gone(config_map(blue, "web-all"));
}

TEST_CASE("labels, annotations and carry: what a copy is marked with") {
    World world;
    const auto red = place(world, "red");
    const auto source = shared(world, "shared", {{"a", "1"}},
                               {{"metadata",
                                 {{"labels", {{"app", "web"}, {"tier", "front"}}},
                                  {"annotations", {{"example.com/a", "1"}, {"other", "2"}}}}}});
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(
      labels      = { from = "{source.name}" },
      annotations = { note = "of {source.namespace}/{source.name} in {target.namespace}" },
      carry       = { labels = { "app" }, annotations = { "example.com/*" } },
    )")}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    auto copy = world.copy(red, source);
    auto labels = labels_of(copy);
    CHECK(labels.value("from", "") == "shared");
    CHECK(labels.value("app", "") == "web");
    CHECK_FALSE(labels.contains("tier"));
    CHECK(annotations_of(copy).value("note", "") == "of " + world.sources() + "/shared in " + red);
    CHECK(annotations_of(copy).value("example.com/a", "") == "1");
    CHECK_FALSE(annotations_of(copy).contains("other"));

    world.change(source, {{"metadata", {{"labels", {{"app", nullptr}}}, {"annotations", {{"example.com/a", "2"}}}}}});
    world.await("the copy's marks follow", [&](const Objects& objects) -> std::string {
        const Json* now = objects.find(config_map(red, "shared"));
        if (now == nullptr) return "there is none";
        if (labels_of(*now).contains("app")) return "the label app is still there";
        return annotations_of(*now).value("example.com/a", "") == "2" ? "" : "the annotation is old";
    });
}

TEST_CASE("consent: a Secret goes where source and namespace both allow it") {
    World world;
    const auto red = place(world, "red");
    const auto make = [&](const Json& annotations) {
        return world.api.create({{"apiVersion", "v1"},
                                 {"kind", "Secret"},
                                 {"metadata",
                                  {{"namespace", world.sources()},
                                   {"name", "password"},
                                   {"labels", {{"test/share", "true"}}},
                                   {"annotations", annotations}}},
                                 {"type", "example.com/kind"},
                                 {"data", {{"password", "aHVudGVyMg=="}}}});
    };
    const auto source = make({{"moontide.dev/allow-to", world.id() + "-*"}});
    Engine engine(world, {.policies = {policy_of(world, R"(return {
      api     = "moontide/v1",
      from    = { kind = "Secret", namespace = "@SOURCES@", labels = { ["test/share"] = "true" } },
      into    = { labels = { ["test/world"] = "@ID@" } },
      consent = true,
    })")}});
    engine.settle();
    world.check_absent(secret(red, "password"));

    world.annotate_namespace(red, {{"moontide.dev/allow-from", world.sources()}});
    world.expect_data(secret(red, "password"), {{"password", "aHVudGVyMg=="}});
    CHECK(world.api.get(secret(red, "password")).value("type", "") == "example.com/kind");

    SECTION("taken away by the namespace, the copy goes") {
        world.annotate_namespace(red, {{"moontide.dev/allow-from", nullptr}});
    }
    SECTION("taken away by the source, the copy goes") {
        world.change(source, {{"metadata", {{"annotations", {{"moontide.dev/allow-to", "elsewhere"}}}}}});
    }
    SECTION("taken away while the engine is down, the copy goes") {
        engine.stop();
        world.annotate_namespace(red, {{"moontide.dev/allow-from", "others"}});
        engine.start();
    }
    world.expect_gone(secret(red, "password"));
}

TEST_CASE("expires: a copy goes when its time is up") {
    World world;
    const auto red = place(world, "red");
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(expires = "4s",)")}});
    engine.settle();
    const auto source = shared(world, "shared", {{"a", "1"}});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    world.expect_copy_gone(red, source);
    engine.restart();
    engine.settle();
    world.check_absent(config_map(red, "shared"));
}

TEST_CASE("belongs: a copy beside its source belongs to it") {
    World world;
    const auto source = shared(world, "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {with_slots(world, R"(
      into    = { namespace = "{source.namespace}" },
      name    = "{source.name}-copy",
      belongs = "source",
    )")}});
    const auto copy = config_map(world.sources(), "shared-copy");
    world.expect_data(copy, {{"a", "1"}});
    engine.settle();
    const auto owners = world.api.get(copy).at("metadata").at("ownerReferences");
    REQUIRE(owners.size() == 1);
    CHECK(owners[0].at("uid") == uid_of(source));
    CHECK(owners[0].at("name") == "shared");
    CHECK_FALSE(owners[0].value("blockOwnerDeletion", false));
    world.remove(source);
    world.expect_gone(copy);
}

TEST_CASE("a policy that fails for one source keeps its last good copies and serves the others") {
    World world;
    const auto red = place(world, "red");
    auto first = shared(world, "first", {{"number", "1"}});
    auto second = shared(world, "second", {{"number", "2"}});
    Engine engine(world, {.policies = {with_slots(world, std::string(INTO) + R"(
      data = function(on) return { double = tostring(2 * tonumber(on.source.data.number)) } end,
    )")}});
    world.expect_data(config_map(red, "first"), {{"double", "2"}});
    world.expect_data(config_map(red, "second"), {{"double", "4"}});
    first = world.change_data(first, {{"number", "one"}});
    second = world.change_data(second, {{"number", "20"}});
    world.expect_data(config_map(red, "second"), {{"double", "40"}});
    engine.settle();
    world.expect_data(config_map(red, "first"), {{"double", "2"}});

    SECTION("also in a namespace that comes later") {
        const auto blue = place(world, "blue");
        world.expect_data(config_map(blue, "second"), {{"double", "40"}});
        engine.settle();
        world.check_absent(config_map(blue, "first"));
    }
    SECTION("also through a restart") {
        engine.restart();
        engine.settle();
        world.expect_data(config_map(red, "first"), {{"double", "2"}});
    }
    world.change_data(first, {{"number", "3"}});
    world.expect_data(config_map(red, "first"), {{"double", "6"}});
}

}  // namespace moontide::test
