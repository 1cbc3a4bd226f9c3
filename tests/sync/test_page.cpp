// The page that annotation-sync follows, to the letter: its manifests, its commands, its permissions.
#include "engine.hpp"
#include "shell.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* MULTI_ENVIRONMENT = R"(cat <<'YAML' | kubectl apply -f -
# Shared base configuration
apiVersion: v1
kind: ConfigMap
metadata:
  name: base-config
  namespace: flux-system
  annotations:
    flux-extension.nrfcloud.com/sync-configmap: "true"
data:
  app.name: "myapp"
  app.version: "1.0.0"
  monitoring.enabled: "true"

---
# Environment-specific configuration
apiVersion: v1
kind: ConfigMap
metadata:
  name: db-config
  namespace: flux-system
  annotations:
    flux-extension.nrfcloud.com/sync-configmap: "true"
data:
  database.host: "postgres.example.com"
  database.name: "myapp_prod"
  database.ssl: "true"

---
# Target namespaces
apiVersion: v1
kind: Namespace
metadata:
  name: production
  annotations:
    flux-extension.nrfcloud.com/sync-target: "true"
---
apiVersion: v1
kind: Namespace
metadata:
  name: staging
  annotations:
    flux-extension.nrfcloud.com/sync-target: "true"
YAML
)";

std::string without_blanks(std::string text) {
    text.erase(std::remove_if(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; }),
               text.end());
    return text;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t times = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
    return times;
}

/// Takes what the page's manifests made away, also where the test fails.
class PageObjects {
public:
    explicit PageObjects(World& world) : world_(world) {}
    ~PageObjects() {
        for (const char* name : {"base-config", "db-config", "internal-config"}) {
            world_.api.remove_if_there(config_map("flux-system", name));
        }
    }
    PageObjects(const PageObjects&) = delete;
    PageObjects& operator=(const PageObjects&) = delete;

private:
    World& world_;
};

}  // namespace

TEST_CASE("the page's manifests and commands do what the page says") {
    World world(World::Sources::in_flux_system);
    if (!has_programs(world.server)) return;
    const PageObjects objects_of_page(world);
    const auto sh = [&](const std::string& command) {
        const auto outcome = run(world.server, command);
        INFO(command << "\n" << outcome.output);
        CHECK(outcome.code == 0);
        return outcome.output;
    };
    Engine engine(world);
    sh(MULTI_ENVIRONMENT);
    world.clean_up_later("production");
    world.clean_up_later("staging");
    const auto base = world.api.get(config_map("flux-system", "base-config"));
    const auto database = world.api.get(config_map("flux-system", "db-config"));
    for (const char* name : {"production", "staging"}) {
        world.expect_copy(name, base);
        world.expect_copy(name, database);
    }

    // Checking the status.
    {
        const auto all = without_blanks(sh(R"(kubectl get configmaps -A -o json | \
  jq '.items[] | select(.metadata.annotations["flux-extension.nrfcloud.com/sync-source"]) |
      {namespace: .metadata.namespace, name: .metadata.name, source: .metadata.annotations["flux-extension.nrfcloud.com/sync-source"]}')"));
        for (const char* name : {"production", "staging"}) {
            for (const char* source : {"base-config", "db-config"}) {
                CHECK(count(all, std::string(R"({"namespace":")") + name + R"(","name":")" + source +
                                     R"(","source":"flux-system/)" + source + R"("})") == 1);
            }
        }
        const auto one = sh(R"(kubectl get configmaps -n production -o json | \
  jq '.items[] | select(.metadata.annotations["flux-extension.nrfcloud.com/sync-source"])')");
        CHECK(count(one, R"("flux-extension.nrfcloud.com/sync-source": "flux-system/base-config")") == 1);
        CHECK(count(one, R"("flux-extension.nrfcloud.com/sync-source": "flux-system/db-config")") == 1);
    }
    // Troubleshooting.
    {
        CHECK(sh("kubectl get configmap -n flux-system base-config -o yaml | "
                 "grep flux-extension.nrfcloud.com/sync-configmap")
                  .find(R"(sync-configmap: "true")") != std::string::npos);
        CHECK(sh("kubectl get namespace production -o yaml | grep flux-extension.nrfcloud.com/sync-target")
                  .find(R"(sync-target: "true")") != std::string::npos);
        const auto sources = sh(R"(kubectl get configmaps -n flux-system -o json | \
  jq '.items[] | select(.metadata.annotations["flux-extension.nrfcloud.com/sync-configmap"] == "true")')");
        CHECK(count(sources, R"("name": "base-config")") == 1);
        CHECK(count(sources, R"("name": "db-config")") == 1);
        const auto targets = sh(R"(kubectl get namespaces -o json | \
  jq '.items[] | select(.metadata.annotations["flux-extension.nrfcloud.com/sync-target"] == "true")')");
        CHECK(count(targets, R"("name": "production")") == 1);
        CHECK(count(targets, R"("name": "staging")") == 1);
    }
    // The Events of the sources.
    {
        world.await("an Event tells of base-config", [&](const Objects& objects) -> std::string {
            for (const auto& [ref, event] : objects.all()) {
                if (ref.kind.kind != "Event") continue;
                const auto& about = event.at("involvedObject");
                if (about.value("uid", "") == uid_of(base) && about.value("kind", "") == "ConfigMap") return "";
            }
            return "there is none";
        });
        const auto events = sh("kubectl get events -n flux-system --field-selector involvedObject.kind=ConfigMap");
        CHECK(events.find("configmap/base-config") != std::string::npos);
    }
    // A ConfigMap without the annotation is not synced.
    {
        sh(R"(cat <<'YAML' | kubectl apply -f -
apiVersion: v1
kind: ConfigMap
metadata:
  name: internal-config
  namespace: flux-system
data:
  internal.key: "value"
YAML
)");
        pass_sentinel(world, engine);
        world.check_absent(config_map("production", "internal-config"));
    }
    // What a user does with kubectl, and a clone that the user applies elsewhere.
    const auto elsewhere = world.make_namespace("elsewhere");
    sh("kubectl -n production get configmap base-config -o json | "
       "jq 'del(.metadata.uid, .metadata.resourceVersion, .metadata.creationTimestamp, .metadata.managedFields)"
       " | .metadata.namespace = \"" +
       elsewhere + "\"' | kubectl apply -f -");
    const auto clone = world.api.get(config_map(elsewhere, "base-config"));
    sh("kubectl -n flux-system patch configmap base-config --type merge -p '{\"data\":{\"app.version\":\"2.0.0\"}}'");
    world.expect_copy("production", world.api.get(ref_of(base)));
    sh("kubectl -n production delete configmap base-config --wait=false");
    world.catch_up();
    world.expect_copy("production", world.api.get(ref_of(base)));
    sh("kubectl annotate namespace staging flux-extension.nrfcloud.com/sync-target-");
    world.expect_copy_gone("staging", base);
    world.expect_copy_gone("staging", database);
    sh("kubectl annotate namespace staging flux-extension.nrfcloud.com/sync-target=true");
    world.expect_copy("staging", database);
    sh("kubectl -n flux-system annotate --overwrite configmap db-config "
       "flux-extension.nrfcloud.com/sync-configmap=false");
    world.expect_copy_gone("production", database);
    world.expect_copy_gone("staging", database);
    sh("kubectl -n flux-system delete configmap base-config");
    world.expect_copy_gone("production", base);
    world.expect_copy_gone("staging", base);
    pass_sentinel(world, engine);
    world.check_untouched(clone);
}

TEST_CASE("flux-system is no target of itself") {
    World world(World::Sources::in_flux_system);
    const auto red = world.make_target("red");
    const auto source = world.make_source(world.id() + "-shared", {{"a", "1"}});
    world.annotate_namespace("flux-system", {{TARGET_MARK, "true"}});
    Engine engine(world);
    world.expect_copy(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(source);
    world.annotate_namespace("flux-system", {{TARGET_MARK, nullptr}});
    pass_sentinel(world, engine);
    world.check_untouched(source);
}

TEST_CASE("the page's permissions are enough: what else is denied stops nothing") {
    World world;
    if (!world.server.is_real()) {
        SUCCEED("the sandbox grants everybody everything");
        return;
    }
    const std::string user = world.id() + "-user";
    const Json role = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                       {"kind", "ClusterRole"},
                       {"metadata", {{"name", user}}},
                       {"rules",
                        {{{"apiGroups", {""}},
                          {"resources", {"configmaps"}},
                          {"verbs", {"get", "list", "watch", "create", "update", "patch", "delete"}}},
                         {{"apiGroups", {""}}, {"resources", {"namespaces"}}, {"verbs", {"get", "list", "watch"}}}}}};
    const Json binding = {
        {"apiVersion", "rbac.authorization.k8s.io/v1"},
        {"kind", "ClusterRoleBinding"},
        {"metadata", {{"name", user}}},
        {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", user}}},
        {"subjects", {{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "User"}, {"name", user}}}}};
    world.api.create(role);
    world.api.create(binding);
    auto access = world.server.access();
    access.impersonate_user = user;

    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    auto source = world.make_source("shared", {{"a", "1"}});
    const auto foreign = world.make_config_map(blue, "second", {{"mine", "yes"}});
    const auto second = world.make_source("second", {{"a", "1"}});
    {
        Engine engine(world, {.access = access});
        world.expect_copies({red, blue}, source);
        world.expect_copy(red, second);
        source = world.change_data(source, {{"a", "2"}});
        world.expect_copies({red, blue}, source);
        world.api.merge(config_map(red, "shared"), {{"data", {{"a", "edited"}}}});
        world.catch_up();
        world.expect_copy(red, source);
        world.remove_copy(blue, source);
        world.catch_up();
        world.expect_copy(blue, source);
        world.annotate_namespace(blue, {{TARGET_MARK, nullptr}});
        world.expect_copy_gone(blue, source);
        pass_sentinel(world, engine);
        world.check_untouched(foreign);
        engine.restart();
        world.annotate_namespace(blue, {{TARGET_MARK, "true"}});
        world.expect_copy(blue, source);
        world.remove(source);
        world.expect_copy_gone(red, source);
        world.expect_copy_gone(blue, source);
        pass_sentinel(world, engine);
        CHECK(engine.sync().ailments().empty());
    }
    CHECK(world.api.list("Event", world.sources()).empty());
    world.api.remove(ref_of(binding));
    world.api.remove(ref_of(role));
}

}  // namespace moontide::test
