// Small rules on texts: label values, names, keys, marks of other tools, near names.
#include "policy/globs.hpp"
#include "policy/hygiene.hpp"
#include "policy/policy.hpp"
#include "policy/shorten.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace moontide::policy {

TEST_CASE("a valid label value stays as it is") {
    for (const std::string text : {"", "a", "blue", "a.b_c-D", "flux-system.web"}) {
        INFO(text);
        CHECK(label_value(text) == text);
    }
    const std::string longest(63, 'x');
    CHECK(label_value(longest) == longest);
}

TEST_CASE("any other label value becomes a valid one, stably and apart from its like") {
    std::set<std::string> seen;
    const std::string texts[] = {"flux-system/web",
                                 "flux-system_web/",
                                 "-a",
                                 "a-",
                                 "/",
                                 "ümlaut",
                                 std::string(64, 'x'),
                                 std::string(65, 'x'),
                                 "a b",
                                 std::string(53, 'x') + "." + std::string(20, 'y'),
                                 std::string(100, '.')};
    for (const std::string& text : texts) {
        const std::string value = label_value(text);
        INFO(text << " -> " << value);
        CHECK(is_label_value(value));
        CHECK_FALSE(value.empty());
        CHECK(value == label_value(text));
        CHECK(seen.insert(value).second);
    }
    // The SHA-256 of 64 times "x", so that a copy keeps its label through every version of the engine.
    CHECK(label_value(std::string(64, 'x')) == std::string(54, 'x') + "-7ce10097");
}

TEST_CASE("a shortened text keeps its first 30 characters and fits") {
    const std::string name = "configuration-of-the-shop-in-the-north-" + std::string(250, 'a');
    CHECK(label_value(name).substr(0, 54) == name.substr(0, 54));
    CHECK(label_value(name).size() == 63);
    CHECK(short_name(name).size() == 253);
    CHECK(short_name(name).substr(0, 244) == name.substr(0, 244));
    CHECK(short_name(name) != short_name(name + "b"));
    CHECK(short_name(std::string(253, 'a')) == std::string(253, 'a'));
    // A cut behind a dot would begin the next part with '-', which is no name.
    CHECK(short_name(std::string(243, 'a') + "." + std::string(20, 'b')).substr(0, 244) == std::string(243, 'a') + "-");
}

TEST_CASE("a text becomes a name that an object can have") {
    struct Row {
        std::string text;
        std::string name;
    };
    for (const auto& [text, name] : {Row{"web", "web"}, Row{"Web_1", "web-1"}, Row{"a/b", "a-b"}, Row{"-a-", "a"},
                                     Row{"a..b", "a.b"}, Row{"a.-b", "a.b"}, Row{"a-.b", "a.b"}, Row{".a.", "a"}}) {
        INFO(text);
        CHECK(valid_name(text) == name);
    }
    CHECK(valid_name("///").size() == 8);
    CHECK(valid_name("///") != valid_name("//"));
    CHECK(valid_name(std::string(300, 'a')).size() == 253);
}

TEST_CASE("a text becomes a key that data can have") {
    struct Row {
        std::string text;
        std::string key;
    };
    for (const auto& [text, key] :
         {Row{"label_app.kubernetes.io/name", "label_app.kubernetes.io_name"}, Row{"a b", "a_b"}, Row{"a", "a"},
          Row{".", "_"}, Row{"..", "_."}, Row{"..a", "_.a"}, Row{".a", ".a"}, Row{"", "_"}}) {
        INFO(text);
        CHECK(valid_key(text) == key);
    }
    const std::string longest = valid_key("label_" + std::string(300, 'a'));
    CHECK(longest.size() == 253);
    CHECK(longest.starts_with("label_a"));
}

TEST_CASE("marks of tools that own objects never go along") {
    for (const char* key : {"kubectl.kubernetes.io/last-applied-configuration", "meta.helm.sh/release-name",
                            "helm.sh/chart", "argocd.argoproj.io/tracking-id", "kustomize.toolkit.fluxcd.io/name",
                            "helm.toolkit.fluxcd.io/namespace", "app.kubernetes.io/instance",
                            "app.kubernetes.io/managed-by", "moontide.dev/claim", "moontide.dev/allow-to"}) {
        INFO(key);
        CHECK(is_tracking_mark(key));
    }
    for (const char* key : {"team", "app.kubernetes.io/name", "app.kubernetes.io/version", "example.com/helm.sh",
                            "myhelm.sh/x", "helm.sh", "flux-extension.nrfcloud.com/sync-configmap"}) {
        INFO(key);
        CHECK_FALSE(is_tracking_mark(key));
    }
}

TEST_CASE("keys are kept, dropped and renamed by globs") {
    KeyGlobs globs;
    CHECK(globs.apply("anything") == "anything");
    globs.keep = {{"*.conf", true}, {"exact", false}};
    globs.drop = {{"local.*", true}};
    globs.rename = {{{"*.*.conf", true}, "*-*.ini"}, {{"a*.conf", true}, "first-*"}, {{"ab.conf", false}, "named"}};
    CHECK(globs.apply("x.conf") == "x.conf");
    CHECK(globs.apply("x.txt") == std::nullopt);
    CHECK(globs.apply("exact") == "exact");
    CHECK(globs.apply("local.conf") == std::nullopt);
    CHECK(globs.apply("x.y.conf") == "x-y.ini");
    CHECK(globs.apply("a1.conf") == "first-1");
    CHECK(globs.apply("ab.conf") == "named");
    // A kept name that an owner brought is no pattern.
    globs.keep = {{"*", false}};
    CHECK(globs.apply("x.conf") == std::nullopt);
    CHECK(globs.apply("*") == "*");
}

TEST_CASE("content is ours whole for ConfigMaps and Secrets, fields for other kinds, or as the policy says") {
    Shape shape;
    CHECK(shape.writes_for({"v1", "ConfigMap"}) == Writes::whole);
    CHECK(shape.writes_for({"v1", "Secret"}) == Writes::whole);
    CHECK(shape.writes_for({"apps/v1", "Deployment"}) == Writes::fields);
    CHECK(shape.writes_for({"example.com/v1", "Secret"}) == Writes::fields);
    shape.writes = Writes::fields;
    CHECK(shape.writes_for({"v1", "ConfigMap"}) == Writes::fields);
}

}  // namespace moontide::policy
