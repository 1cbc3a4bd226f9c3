// An engine without the right to read namespaces, or one of the kinds that its policy copies: what needs no more than
// it may is served all the same. The sandbox denies nothing, so that only a real server shows the difference.
#include "copiers.hpp"
#include "engine.hpp"
#include "mirrors.hpp"
#include "policies.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const Json read_verbs{"get", "list", "watch"};
const Json all_verbs{"get", "list", "watch", "create", "update", "patch", "delete"};

/// A user's ClusterRole and its binding, for the life of a test.
class Rights {
public:
    Rights(World& world, std::string user) : world_(world), user_(std::move(user)) {
        world_.api.create({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                           {"kind", "ClusterRole"},
                           {"metadata", {{"name", user_}}},
                           {"rules", Json::array({rule("configmaps", all_verbs)})}});
        world_.api.create(
            {{"apiVersion", "rbac.authorization.k8s.io/v1"},
             {"kind", "ClusterRoleBinding"},
             {"metadata", {{"name", user_}}},
             {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", user_}}},
             {"subjects",
              Json::array({{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "User"}, {"name", user_}}})}});
    }
    ~Rights() {
        world_.api.remove_if_there({{"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"}, "", user_});
        world_.api.remove_if_there(role());
    }
    Rights(const Rights&) = delete;
    Rights& operator=(const Rights&) = delete;

    kube::Access access() const {
        auto access = world_.server.access();
        access.impersonate_user = user_;
        return access;
    }
    void add_namespaces() { add({rule("namespaces", read_verbs)}); }
    /// Owners may be read and told of; only this one may be changed.
    void add_owners_but_change(const std::string& group, const std::string& name) {
        auto change = rule("copiers", Json::array({"patch"}), group);
        change["resourceNames"] = Json::array({name});
        add({rule("copiers", read_verbs, group), rule("copiers/status", all_verbs, group), change});
    }

    void add_mirrors() {
        const std::string group = "mirror.configmirror.io";
        add({rule("configmirrors", all_verbs, group), rule("configmirrors/status", all_verbs, group)});
    }
    /// By name alone, as deploy/config-mirror has it.
    void add_reading_of_secrets() { add({rule("secrets", Json::array({"get"}))}); }

private:
    static Json rule(const char* resource, const Json& verbs, const std::string& group = {}) {
        return {{"apiGroups", Json::array({group})}, {"resources", Json::array({resource})}, {"verbs", verbs}};
    }
    void add(const std::vector<Json>& rules) {
        auto all = world_.api.get(role()).at("rules");
        for (const auto& one : rules) all.push_back(one);
        world_.api.merge(role(), {{"rules", all}});
    }
    kube::Ref role() const { return {{"rbac.authorization.k8s.io/v1", "ClusterRole"}, "", user_}; }

    World& world_;
    std::string user_;
};

}  // namespace

TEST_CASE("without the right to read namespaces a policy that names its targets works, and others wait") {
    World world;
    Rights rights(world, "user-" + world.id());
    const auto red = world.make_namespace("red");
    const auto source =
        world.make_config_map(world.sources(), "named", {{"a", "1"}}, {{"metadata", {{"labels", {{"test/to", red}}}}}});
    const auto foreign = world.make_config_map(red, "foreign", {{"mine", "yes"}});
    const auto other = world.make_config_map(world.sources(), "foreign", {{"a", "1"}},
                                             {{"metadata", {{"labels", {{"test/to", red}}}}}});
    const auto named = policy_of(world, R"(return {
      api = "moontide/v1", from = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/to"] = true } },
      into = { namespace = "{source.labels['test/to']}" } })",
                                 "named");
    CHECK_FALSE(named->shape().needs_namespaces);
    CHECK(annotation_sync(world.sources())->shape().needs_namespaces);

    Engine engine(world, {.policies = {named, annotation_sync(world.sources())}, .access = rights.access()});
    world.expect_data(config_map(red, "named"), {{"a", "1"}});
    const auto uid = uid_of(world.api.get(config_map(red, "named")));
    auto changed = world.change_data(source, {{"a", "2"}});
    world.expect_data(config_map(red, "named"), {{"a", "2"}});
    world.api.merge(config_map(red, "named"), {{"data", {{"a", "edited"}}}});
    world.catch_up();
    world.expect_data(config_map(red, "named"), {{"a", "2"}});
    world.check_untouched(foreign);
    for (const auto& ailment : engine.sync().ailments()) {
        INFO(ailment.name << ": " << ailment.message);
        CHECK(ailment.unasked);
    }

    // After a restart with the right the copies are known, though they carry another mark of the cluster.
    rights.add_namespaces();
    engine.restart();
    changed = world.change_data(changed, {{"a", "3"}});
    world.expect_data(config_map(red, "named"), {{"a", "3"}});
    CHECK(uid_of(world.api.get(config_map(red, "named"))) == uid);
    world.remove(changed);
    world.expect_gone(config_map(red, "named"));
    world.check_untouched(foreign);
}

TEST_CASE("without the right to one of the kinds that a policy copies the others are copied") {
    World world;
    Rights rights(world, "user-" + world.id());
    rights.add_namespaces();
    const auto red = world.make_namespace("red");
    const Json to_red = {{"metadata", {{"labels", {{"test/to", red}}}}}};
    auto source = world.make_config_map(world.sources(), "named", {{"a", "1"}}, to_red);
    const auto both = policy_of(world, R"(return {
      api = "moontide/v1", existing = "marked", labels = { from = "{source.namespace}" },
      from = { { kind = "ConfigMap", namespace = "@SOURCES@", labels = { ["test/to"] = true } } },
      kind = { "ConfigMap", "Secret" },
      into = { { namespace = "{source.labels['test/to']}", kind = "ConfigMap" } } })",
                                "both");
    Engine engine(world, {.policies = {both}, .access = rights.access()});
    world.expect_data(config_map(red, "named"), {{"a", "1"}});
    source = world.change_data(source, {{"a", "2"}});
    world.expect_data(config_map(red, "named"), {{"a", "2"}});
    for (const auto& ailment : engine.sync().ailments()) {
        INFO(ailment.name << ": " << ailment.message);
        CHECK(ailment.unasked);
    }
    world.remove(source);
    world.expect_gone(config_map(red, "named"));
}

TEST_CASE("an owner that may not get its finalizer leaves what it asks for to a younger one") {
    World world;
    Copiers copiers(world);
    Rights rights(world, "user-" + world.id());
    rights.add_namespaces();
    rights.add_owners_but_change(copiers.group(), "young");
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    // Of one second the smaller uid is the older one: made until that is the one without the right.
    const auto age = [](const Json& object) {
        return object.at("metadata").at("creationTimestamp").get<std::string>() + uid_of(object);
    };
    const auto old = copiers.make_named("old", {"shared"}, {red});
    while (age(copiers.make_named("young", {"shared"}, {red})) < age(old)) copiers.remove("young");
    Engine engine(world, {.policies = {copiers.policy()}, .access = rights.access()});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    const bool denied = !copiers.has_finalizer("old");  // the sandbox denies nothing
    CHECK(labels_of(world.api.get(config_map(red, "shared"))).value("by", "") == (denied ? "young" : "old"));
}

TEST_CASE("the Secret of a database needs no right but to get it, and without that one copies go on", "[rows]") {
    auto& server = store::test::Server::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    Rights rights(world, "user-" + world.id());
    rights.add_namespaces();
    rights.add_mirrors();
    const auto red = world.make_namespace("red");
    mirrors.make_source("a", {{"key", "1"}});
    mirrors.put_secret("db", settings);
    auto setup = mirrors.setup();
    setup.access = rights.access();
    Engine engine(world, setup);
    mirrors.make("one", {red}, "db");
    world.expect_data(config_map(red, "a"), {{"key", "1"}});
    if (world.server.is_real()) {
        mirrors.await_database("one", "False", "SecretUnreadable");
        CHECK(rows_of(server, settings) == "no table");
    }
    rights.add_reading_of_secrets();
    mirrors.await_rows(server, settings, R"(a={"key": "1"})");
    mirrors.remove("one");
    mirrors.expect_gone("one");
    CHECK(rows_of(server, settings).empty());
}

}  // namespace moontide::test
