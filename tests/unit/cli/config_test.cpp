#include "cli/config.hpp"

#include "cli/yaml_tree.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace moontide;
using cli::Config;

namespace {

const std::vector<std::string> policies{"annotation-sync", "configmap-syncer"};

Result<Config> parsed(const std::string& text) {
    return cli::parse_config(text, "config.yaml", policies);
}

}  // namespace

TEST_CASE("an empty config has the defaults") {
    for (const std::string text : {"", "# nothing\n", "---\n", "{}", "controller:\npolicies:\nlimits:\nkinds:\n"}) {
        INFO(text);
        const auto config = parsed(text);
        REQUIRE(config);
        CHECK(config->excluded_namespaces ==
              decltype(Config::excluded_namespaces){"kube-system", "kube-public", "kube-node-lease"});
        CHECK(config->instance == "moontide");
        CHECK(config->policies.empty());
        CHECK_FALSE(config->most_in_flight);
    }
}

TEST_CASE("the page's config: its list replaces the default") {
    const auto config = parsed(R"(# config.yaml
controller:
  excludedNamespaces: 
    - "kube-system"
    - "kube-public"
    - "local-path-storage"
)");
    REQUIRE(config);
    CHECK(config->excluded_namespaces ==
          decltype(Config::excluded_namespaces){"kube-system", "kube-public", "local-path-storage"});
    CHECK(parsed("controller: {excludedNamespaces: []}")->excluded_namespaces.empty());
}

TEST_CASE("everything that a config may say is read") {
    const auto config = parsed(R"(
controller:
  instance: blue
policies:
  annotation-sync:
    settings:
      namespace: shared
      depth: 3
      share: 0.5
      on: true
      text: "true"
      zone: no
      none:
      list: [a, 1]
  configmap-syncer:
    enabled: false
limits:
  mostInFlight: 8
  workers: 2
  vanishedLeast: 5
  vanishedPercent: 20
kinds: [ClusterRole, example.com/v1/Widget]
)");
    REQUIRE(config);
    CHECK(config->instance == "blue");
    CHECK(config->policies.at("annotation-sync").enabled);
    CHECK(config->policies.at("annotation-sync").settings == nlohmann::json::parse(R"({
        "namespace": "shared", "depth": 3, "share": 0.5, "on": true, "text": "true", "zone": "no", "none": null,
        "list": ["a", 1]})"));
    CHECK_FALSE(config->policies.at("configmap-syncer").enabled);
    CHECK(config->most_in_flight == 8U);
    CHECK(config->workers == 2U);
    CHECK(config->vanished_least == 5U);
    CHECK(config->vanished_percent == 20U);
    CHECK(config->kinds ==
          std::vector<kube::Kind>{{"rbac.authorization.k8s.io/v1", "ClusterRole"}, {"example.com/v1", "Widget"}});
}

TEST_CASE("a mistake is told with its line and the near name") {
    struct Case {
        std::string text;
        std::string message;
    };
    const std::vector<Case> cases{
        {"controller:\n  excludedNamespace: [a]",
         "config.yaml:2: unknown key 'excludedNamespace' in 'controller', did you mean 'excludedNamespaces'?"},
        {"controller:\n  zzz: 1",
         "config.yaml:2: unknown key 'zzz' in 'controller'; there are excludedNamespaces, instance"},
        {"controller: 3", "config.yaml:1: 'controller' is a map, not '3'"},
        {"controller:\n  excludedNamespaces: kube-system",
         "config.yaml:2: 'excludedNamespaces' is a list, not 'kube-system'; [] excludes none"},
        {"controller:\n  excludedNamespaces:",
         "config.yaml:2: 'excludedNamespaces' is a list, not nothing; [] excludes none"},
        {"controller:\n  excludedNamespaces:\n  - Kube\n", "config.yaml:3: 'Kube' is no namespace's name"},
        {"controller:\n  excludedNamespaces:\n  - [a]\n", "config.yaml:3: a list is no namespace's name"},
        {"controller:\n  instance: a b",
         "config.yaml:2: the instance 'a b' must be usable as a label's value: letters, digits, '-', '_', '.', at "
         "most 63"},
        {"policies:\n  annotation-synk: {}",
         "config.yaml:2: unknown policy 'annotation-synk', did you mean 'annotation-sync'?"},
        {"policies:\n  other: {}",
         "config.yaml:2: unknown policy 'other'; there are annotation-sync, configmap-syncer"},
        {"policies:\n  annotation-sync:\n    enable: true",
         "config.yaml:3: unknown key 'enable' in 'policies.annotation-sync', did you mean 'enabled'?"},
        {"policies:\n  annotation-sync:\n    enabled: yes", "config.yaml:3: 'enabled' is true or false, not 'yes'"},
        {"policies:\n  annotation-sync:\n    enabled: \"false\"",
         "config.yaml:3: 'enabled' is true or false, not 'false'"},
        {"policies:\n  annotation-sync:\n    settings: [a]", "config.yaml:3: 'settings' is a map, not a list"},
        {"limits:\n  mostInFligth: 3",
         "config.yaml:2: unknown key 'mostInFligth' in 'limits', did you mean 'mostInFlight'?"},
        {"limits:\n  mostInFlight: 0", "config.yaml:2: 'mostInFlight' is a number from 1 to 1000, not '0'"},
        {"limits:\n  workers: many", "config.yaml:2: 'workers' is a number from 0 to 256, not 'many'"},
        {"limits:\n  vanishedPercent: 101", "config.yaml:2: 'vanishedPercent' is a number from 0 to 100, not '101'"},
        {"limits:\n  vanishedLeast: -1", "config.yaml:2: 'vanishedLeast' is a number from 0 to 1000000, not '-1'"},
        {"kinds: [Widget]",
         "config.yaml:1: Kubernetes has no kind 'Widget' of its own; with its apiVersion: example.com/v1/Widget"},
        {"kinds: Role", "config.yaml:1: 'kinds' is a list, not 'Role'"},
        {"- a\n- b", "config.yaml:1: the file is a map of sections, not a list"},
        {"controller:\n  instance: a\n  instance: b", "config.yaml:3: the key 'instance' stands in line 2 already"},
        {"controller: {}\nlimits: {}\ncontroller: {}", "config.yaml:3: the key 'controller' stands in line 1 already"},
        {"{}\n---\n{}", "config.yaml:2: a second document begins; only one is read"},
    };
    for (const auto& one : cases) {
        INFO(one.text);
        const auto config = parsed(one.text);
        REQUIRE_FALSE(config);
        CHECK(config.error().message == one.message);
    }
}

TEST_CASE("all mistakes are told at once") {
    const auto config = parsed("controller:\n  instanc: a\nlimits:\n  workers: x\npolicies:\n  other:\n");
    REQUIRE_FALSE(config);
    CHECK(config.error().message ==
          "config.yaml:2: unknown key 'instanc' in 'controller', did you mean 'instance'?\n"
          "config.yaml:4: 'workers' is a number from 0 to 256, not 'x'\n"
          "config.yaml:6: unknown policy 'other'; there are annotation-sync, configmap-syncer");
}

TEST_CASE("other sections are warnings, since the page's own controller may have them") {
    const auto config = parsed("aws:\n  region: x\npolicys:\n  annotation-sync: {}\n");
    REQUIRE(config);
    CHECK(config->warnings ==
          std::vector<std::string>{"config.yaml:1: the section 'aws' is not read",
                                   "config.yaml:3: the section 'policys' is not read, did you mean 'policies'?"});
}

TEST_CASE("aliases, bombs, depth and text that is no YAML are told, not followed") {
    struct Case {
        std::string text;
        std::string part;
    };
    std::string bomb = "controller:\n  a: &a [x, x]\n";
    for (char name = 'b'; name < 'k'; ++name) {
        bomb += fmt::format("  {0}: &{0} [*{1}, *{1}]\n", name, static_cast<char>(name - 1));
    }
    const std::vector<Case> cases{
        {"controller: &c\n  instance: *c\n", "config.yaml:2: aliases"},
        {"controller: &c [*c]\n", "config.yaml:1: aliases"},
        {bomb, "config.yaml:3: aliases"},
        {"controller: " + std::string(101, '[') + std::string(101, ']'), "config.yaml:1: nested too deeply"},
        {"controller: " + std::string(100'000, '['), "config.yaml:1: "},
        {"controller: " + std::string(100'000, '{'), "config.yaml:1: "},
        {"controller: [", "config.yaml:"},
        {"controller: \"", "config.yaml:"},
        {"a: b: c", "config.yaml:1: "},
        {"\tcontroller: {}", "config.yaml:1: "},
        {"? [a]\n: b", "config.yaml:1: a key is a text, not a list"},
        {"limits: {workers: !!int 3}", "config.yaml:1: the tag"},
        {std::string(1'100'000, '#'), "config.yaml: larger than 1 MiB"},
    };
    for (const auto& one : cases) {
        INFO(one.text.substr(0, 60));
        const auto config = parsed(one.text);
        REQUIRE_FALSE(config);
        INFO(config.error().message);
        CHECK(config.error().message.starts_with(one.part));
    }
}

TEST_CASE("a value with YAML's escapes is UTF-8") {
    const auto tree = cli::read_yaml_tree(R"(a: "x\Ny\_z")", "config.yaml");
    REQUIRE(tree);
    CHECK(cli::to_json(*tree).dump() == "{\"a\":\"x\xC2\x85y\xC2\xA0z\"}");
}

TEST_CASE("a file that is not there, or a directory, is told by name") {
    CHECK(cli::read_text("/nowhere/config.yaml").error().message ==
          "/nowhere/config.yaml cannot be opened: No such file or directory");
    CHECK(cli::read_text("/tmp").error().message == "/tmp is a directory, not a file");
}
