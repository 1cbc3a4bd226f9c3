// Copies that belong to their source or owner: to the collector too.
#include "copiers.hpp"
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const char* const BESIDE = R"(return {
  api     = "moontide/v1",
  owner   = { apiVersion = "sync.example.com/v1", kind = "Copier", namespace = "@SOURCES@" },
  from    = { kind = "ConfigMap", namespace = "{owner.namespace}", selector = "{owner.spec.selector?}" },
  into    = { namespace = "{source.namespace}" },
  kind    = "ConfigMap",
  name    = "{source.name}-of-{owner.name}",
  belongs = "@BELONGS@",
  labels  = { by = "{owner.name}", source = "{source.uid}" },
  data    = function(on) return { source = on.source.name } end,
})";

policy::PolicyPtr beside(const World& world, const std::string& to) {
    std::string text = BESIDE;
    const std::string mark = "@BELONGS@";
    text.replace(text.find(mark), mark.size(), to);
    return policy_of(world, text);
}

Json reference_of(const Json& copy) {
    const auto all = copy.at("metadata").value("ownerReferences", Json::array());
    return all.size() == 1 ? all[0] : Json(all);
}

}  // namespace

TEST_CASE("a copy beside its source belongs to that, and goes with it") {
    World world;
    Copiers copiers(world);
    Engine engine(world, {.policies = {beside(world, "source")}});
    const auto labels = Json{{"metadata", {{"labels", {{"app", "web"}}}}}};
    auto web = world.make_config_map(world.sources(), "web", {{"a", "1"}}, labels);
    const auto db = world.make_config_map(world.sources(), "db", {{"a", "1"}}, labels);
    copiers.make("one", {{"selector", {{"matchLabels", {{"app", "web"}}}}}});
    const auto copy = config_map(world.sources(), "web-of-one");
    world.expect_data(copy, {{"source", "web"}});
    world.expect_data(config_map(world.sources(), "db-of-one"), {{"source", "db"}});
    engine.settle();
    const auto reference = reference_of(world.api.get(copy));
    CHECK(reference.value("uid", "") == uid_of(web));
    CHECK(reference.value("controller", false));
    CHECK_FALSE(reference.contains("blockOwnerDeletion"));

    SECTION("deleted together with its copy: it is not made anew for the dead") {
        const auto mark = world.mirror.mark();
        world.remove(web);
        world.api.remove_if_there(copy);
        world.expect_gone(copy);
        engine.settle();
        world.catch_up();
        for (const auto& change : world.changes_since(mark, copy)) CHECK(change.what != Change::What::added);
    }
    SECTION("made anew under its name: the copy is the new one's") {
        world.remove(web);
        web = world.make_config_map(world.sources(), "web", {{"a", "2"}}, labels);
        world.await("the copy belongs to the new one", [&](const Objects& objects) {
            const auto* now = objects.find(copy);
            if (now == nullptr) return std::string("there is none");
            return reference_of(*now).value("uid", "") == uid_of(web) ? std::string() : reference_of(*now).dump();
        });
    }
    SECTION("deleted alone: it is made anew") {
        world.api.remove(copy);
        world.catch_up();
        world.expect_data(copy, {{"source", "web"}});
    }
    SECTION("the source matches no more") {
        world.change(web, {{"metadata", {{"labels", {{"app", "other"}}}}}});
        world.expect_gone(copy);
    }
    SECTION("the owner is deleted") {
        copiers.remove("one");
        world.expect_gone(copy);
        world.expect_gone(config_map(world.sources(), "db-of-one"));
    }
    engine.settle();
}

TEST_CASE("a copy beside its owner belongs to that where the policy says so") {
    World world;
    Copiers copiers(world);
    Engine engine(world, {.policies = {beside(world, "owner")}});
    world.make_config_map(world.sources(), "web", {{"a", "1"}}, {{"metadata", {{"labels", {{"app", "web"}}}}}});
    const auto owner = copiers.make("one", {{"selector", {{"matchLabels", {{"app", "web"}}}}}});
    const auto copy = config_map(world.sources(), "web-of-one");
    world.expect_data(copy, {{"source", "web"}});
    CHECK(reference_of(world.api.get(copy)).value("uid", "") == uid_of(owner));
    CHECK(reference_of(world.api.get(copy)).value("kind", "") == "Copier");
    copiers.remove("one");
    world.expect_gone(copy);
    engine.settle();
}

}  // namespace moontide::test
