// Custom kinds: what the cases cannot say.
#include "sandbox/custom_kind.hpp"
#include "sandbox/formats.hpp"
#include "sandbox/json_path.hpp"
#include "served.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sandbox;
using tests::Served;

namespace {

constexpr auto* DEFINITION = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: dials.moontide.test}
spec:
  group: moontide.test
  scope: Namespaced
  names: {plural: dials, kind: Dial}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer, default: 2}}}}}}
)";
constexpr auto* DIAL = R"({"apiVersion":"moontide.test/v1","kind":"Dial","metadata":{"name":"one"},"spec":{}})";

}  // namespace

TEST_CASE("a JSON path finds values") {
    struct Case {
        const char* path;
        const char* want;  ///< of all that it finds; null where it is no path
    };
    const auto document = Json::parse(
        R"({"a":{"b":[{"n":"x","v":1},{"n":"y","v":2}],"c.d":3,"e/f":4},"conditions":[{"type":"Ready","status":"True"}]})");
    const auto test = GENERATE(values<Case>({
        {".a.b[0].n", R"(["x"])"},
        {".a.b[-1].v", "[2]"},
        {".a.b[5].v", "[]"},
        {".a.b[*].n", R"(["x","y"])"},
        {".a['e/f']", "[4]"},
        {R"(.a['none', "e/f",'c.d'])", "[4,3]"},
        {".a['e/f',]", nullptr},
        {".a['e/f' 'c.d']", nullptr},
        {".a.c\\.d", "[3]"},
        {".a.missing.more", "[]"},
        {R"(.conditions[?(@.type=="Ready")].status)", R"(["True"])"},
        {R"(.conditions[?(@.type=='Lost')].status)", "[]"},
        {".a.b[?(@.v>1)].n", R"(["y"])"},
        {".a.b[?(@.v)].n", R"(["x","y"])"},
        {".a.b[", nullptr},
        {".a..b", nullptr},
        {".a[?(v)]", nullptr},
    }));
    INFO(test.path);
    const auto path = JsonPath::parse(test.path);
    REQUIRE(path.has_value() == (test.want != nullptr));
    if (!test.want) return;
    Json found = Json::array();
    for (const Json* value : path->find(document)) found.push_back(*value);
    CHECK(found == Json::parse(test.want));
}

TEST_CASE("texts have formats") {
    struct Case {
        const char* format;
        const char* good;
        const char* bad;
    };
    const auto test = GENERATE(values<Case>({
        {"date-time", "2026-01-31T12:00:00Z", "2026-01-31"},
        {"date", "2026-01-31", "2026-02-30"},
        {"duration", "1h30m", "soon"},
        {"ipv4", "10.0.0.1", "10.0.0"},
        {"ipv6", "fe80::1", "10.0.0.1"},
        {"cidr", "10.0.0.0/8", "10.0.0.0/33"},
        {"mac", "00:1a:2b:3c:4d:5e", "00:1a"},
        {"uuid", "123e4567-e89b-12d3-a456-426614174000", "123"},
        {"uri", "https://a.b/c", "a b"},
        {"email", "a@b.c", "a"},
        {"hostname", "a.b.c", "a..b"},
        {"byte", "YQ==", "*"},
        {"hexcolor", "#ffaa00", "#ffa0"},
        {"k8s-short-name", "a-b", "A"},
    }));
    INFO(test.format);
    REQUIRE(is_known_format(test.format));
    CHECK(has_format(test.format, test.good));
    CHECK_FALSE(has_format(test.format, test.bad));
    CHECK_FALSE(is_known_format("odd"));
}

TEST_CASE("versions have priorities") {
    const std::vector<std::string> order{"v10",      "v2",      "v1",        "v11beta2",
                                         "v10beta3", "v3beta1", "v12alpha1", "v11alpha2"};
    for (std::size_t i = 1; i < order.size(); ++i) CHECK(version_priority(order[i - 1]) < version_priority(order[i]));
    CHECK(version_priority("v1alpha1") < version_priority("foo1"));
}

TEST_CASE("a manifest's kinds may be defined in it") {
    Served served;
    const auto loaded = served.api.load(std::string(DEFINITION) + "---\n" + DIAL, "m.yaml");
    REQUIRE((loaded ? "" : loaded.error().message) == std::string());
    CHECK(
        served.ok("GET", "/apis/moontide.test/v1/namespaces/default/dials/one").at(Json::json_pointer("/spec/size")) ==
        2);
    CHECK(served.api.load("{apiVersion: moontide.test/v1, kind: Other, metadata: {name: x}}", "m.yaml")
              .error()
              .message.starts_with("m.yaml:1: the sandbox does not serve kind 'Other'"));
}

TEST_CASE("a watch of a custom kind tells of its objects, and ends with the definition") {
    Served served;
    REQUIRE(served.api.load(DEFINITION, "m.yaml"));
    const auto watch = served.watch("/apis/moontide.test/v1/dials?watch=1");
    served.ok("POST", "/apis/moontide.test/v1/namespaces/default/dials", Json::parse(DIAL));
    const auto events = tests::told(*watch);
    REQUIRE(events.size() == 1);
    CHECK(events[0].at("object").at("kind") == "Dial");
    CHECK(events[0].at("object").at("apiVersion") == "moontide.test/v1");
    served.ok("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/dials.moontide.test");
    std::string text;
    CHECK_FALSE(watch->pull(text, 1U << 20));
    CHECK(text.find("DELETED") != std::string::npos);
    CHECK(served.ask("GET", "/apis/moontide.test/v1/dials").status == 404);

    // The same names may come again.
    REQUIRE(served.api.load(DEFINITION, "m.yaml"));
    CHECK(served.ok("GET", "/apis/moontide.test/v1/dials").at("items").empty());
}

TEST_CASE("an object that was stored before its schema became narrower may stay as it is") {
    Served served;
    REQUIRE(served.api.load(DEFINITION, "m.yaml"));
    const std::string path = "/apis/moontide.test/v1/namespaces/default/dials/one";
    auto dial = Json::parse(DIAL);
    dial["spec"]["size"] = 50;
    served.ok("POST", "/apis/moontide.test/v1/namespaces/default/dials", dial);
    const std::string place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/maximum";
    served.ok("PATCH", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/dials.moontide.test",
              Json::array({{{"op", "add"}, {"path", place}, {"value", 10}}}), "application/json-patch+json");
    served.merge(path, {{"metadata", {{"labels", {{"a", "b"}}}}}});
    const auto refused = served.ask("PATCH", path, {{"spec", {{"size", 49}}}}, "application/merge-patch+json");
    CHECK(refused.status == 422);
}

TEST_CASE("a token is its ServiceAccount until it expires") {
    Served served;
    served.create("/api/v1/namespaces/default/serviceaccounts", {{"name", "robot"}});
    const auto answer = served.ok("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", Json::object());
    const auto token = answer.at("status").at("token").get<std::string>();
    const auto now = system_clock().wall();
    const auto owner = served.api.tokens().owner(token, now);
    REQUIRE(owner);
    CHECK(owner->name == "system:serviceaccount:default:robot");
    CHECK_FALSE(served.api.tokens().owner(token, now + std::chrono::hours(2)));
    CHECK_FALSE(served.api.tokens().owner("other", now));
}

TEST_CASE("who writes a definition with rules in CEL is told that nobody evaluates them") {
    Served served;
    const auto rule = GENERATE(false, true);
    auto text = std::string(DEFINITION);
    if (rule)
        text.replace(text.find("type: object,"), 13,
                     "type: object, x-kubernetes-validations: [{rule: self.spec.size > 1}],");
    Request request;
    request.method = "POST";
    request.path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    request.content_type = "application/yaml";
    request.body = text;
    const auto response = served.api.handle(request);
    INFO(response.body);
    REQUIRE(response.status == 201);
    CHECK(response.warnings.size() == (rule ? 1 : 0));
}
