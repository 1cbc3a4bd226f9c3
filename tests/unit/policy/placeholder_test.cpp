// The placeholder language, text by text.
#include "policy/placeholder.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::policy {
namespace {

kube::ObjectPtr object(const std::string& json) {
    kube::Reader reader;
    return kube::Object::read(reader, json).value();
}

/// A source, an owner, a namespace, settings and a group to read.
struct World {
    Document owner{object(R"({"kind":"Asker","metadata":{"name":"ask","namespace":"team","uid":"o1"},
        "spec":{"keys":["a","*.conf"],"count":3,"big":9007199254740993,"half":0.5,"on":true,"nothing":null,
                "empty":"","trick":"{source.name}","map":{"team":"blue"},"wild":"*"}})")};
    Document source{object(R"({"kind":"ConfigMap","metadata":{"name":"web","namespace":"infra","uid":"s1",
        "labels":{"team":"blue","app.kubernetes.io/name":"shop"}},"data":{"a":"1"}})")};
    Document space{object(R"({"kind":"Namespace","metadata":{"name":"blue-eu"}})")};
    Target target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    nlohmann::json settings = {{"namespace", "flux-system"}};
    std::string group = "shop";

    Documents documents() {
        Documents all;
        all.owner = &owner;
        all.source = &source;
        all.namespace_object = &space;
        all.target = &target;
        all.settings = &settings;
        all.group = &group;
        return all;
    }
};

/// JSON of the value, "missing: ...", "omitted" or "error: ...".
std::string resolved(const std::string& text, Braces braces = Braces::strict) {
    auto compiled = PlaceholderText::compile(text, braces);
    if (!compiled) return "error: " + compiled.error().message;
    World world;
    Documents documents = world.documents();
    auto result = compiled->resolve(documents);
    if (!result) return "error: " + result.error().message;
    if (auto* missing = std::get_if<Missing>(&*result)) return "missing: " + missing->message();
    if (std::holds_alternative<Omitted>(*result)) return "omitted";
    return std::get<nlohmann::json>(*result).dump();
}

struct Row {
    std::string text;
    std::string result;
};

void check(const std::vector<Row>& rows, Braces braces = Braces::strict) {
    for (const Row& row : rows) {
        INFO(row.text);
        CHECK(resolved(row.text, braces) == row.result);
    }
}

}  // namespace

TEST_CASE("a placeholder brings the value at its path") {
    check({
        {"plain", R"("plain")"},
        {"", R"("")"},
        {"{source.name}", R"("web")"},
        {"{source.namespace}/{source.name}", R"("infra/web")"},
        {"{source.uid}", R"("s1")"},
        {"{source.metadata.name}", R"("web")"},
        {"{source.labels.team}", R"("blue")"},
        {"{source.labels['app.kubernetes.io/name']}", R"("shop")"},
        {"{source.data.a}-x", R"("1-x")"},
        {"{namespace.name}", R"("blue-eu")"},
        {"{target.namespace}-{target.kind}", R"("blue-eu-ConfigMap")"},
        {"{settings.namespace}", R"("flux-system")"},
        {"{group}", R"("shop")"},
        {"g-{group}", R"("g-shop")"},
        {"{source.cluster}", R"("")"},
    });
}

TEST_CASE("a text that is one placeholder keeps the value's type") {
    check({
        {"{owner.spec.keys}", R"(["a","*.conf"])"},
        {"{owner.spec.map}", R"({"team":"blue"})"},
        {"{owner.spec.count}", "3"},
        {"{owner.spec.big}", "9007199254740993"},
        {"{owner.spec.on}", "true"},
        {"{owner.spec.empty}", R"("")"},
        {"{namespace.labels}", "{}"},
        {"{source.annotations}", "{}"},
    });
}

TEST_CASE("within text stand strings, numbers and booleans") {
    check({
        {"n{owner.spec.count}", R"("n3")"},
        {"n{owner.spec.big}", R"("n9007199254740993")"},
        {"n{owner.spec.half}", R"("n0.5")"},
        {"n{owner.spec.on}", R"("ntrue")"},
        {"n{owner.spec.keys}",
         "error: '{owner.spec.keys}' is a list and stands within text, where only strings, numbers and booleans do; "
         "a text that is this placeholder alone keeps its type"},
        {"n{owner.spec.map}",
         "error: '{owner.spec.map}' is a map and stands within text, where only strings, numbers and booleans do; "
         "a text that is this placeholder alone keeps its type"},
    });
}

TEST_CASE("what is not there is missing, optional or has a default") {
    check({
        {"{source.labels.tier}", "missing: source.labels.tier is missing"},
        {"x-{source.labels.tier}", "missing: source.labels.tier is missing"},
        {"{source.labels['a/b']}", "missing: source.labels['a/b'] is missing"},
        {"{owner.spec.nothing}", "missing: owner.spec.nothing is missing"},
        {"{owner.spec.count.more}", "missing: owner.spec.count.more is missing"},
        {"{target.name}", "missing: target.name is missing"},
        {"{source.labels.tier?}", "omitted"},
        {"x-{source.labels.tier?}", R"("x-")"},
        {"{source.labels.team?}", R"("blue")"},
        {"{source.labels.tier|none}", R"("none")"},
        {"{source.labels.tier|}", R"("")"},
        {"{source.labels.tier|a b:c?}", R"("a b:c?")"},
        {"{source.labels.team|none}", R"("blue")"},
        {"{owner.spec.empty|none}", R"("")"},
        {"x-{source.labels.tier|none}-{source.name}", R"("x-none-web")"},
    });
}

TEST_CASE("what a placeholder brings is not read for placeholders again") {
    check({{"{owner.spec.trick}", R"("{source.name}")"}, {"x{owner.spec.trick}", R"("x{source.name}")"}});
}

TEST_CASE("in names and selections any other brace is an error that suggests") {
    check({
        {"{ownr.name}", "error: unknown root 'ownr' in '{ownr.name}', did you mean 'owner'?"},
        {"{sources.name}", "error: unknown root 'sources' in '{sources.name}', did you mean 'source'?"},
        {"{Source.name}", "error: unknown root 'Source' in '{Source.name}', did you mean 'source'?"},
        {"{values.name}",
         "error: unknown root 'values' in '{values.name}'; there are owner, source, namespace, target, settings and "
         "group"},
        {"{on.source.name}",
         "error: unknown root 'on' in '{on.source.name}': placeholders leave 'on.' out, as in {source.name}"},
        {"{}",
         "error: '{}' is no placeholder: write {root.path} without blanks, with the root owner, source, namespace, "
         "target, settings or group"},
        {"{{ .x }}",
         "error: '{{ .x }' is no placeholder: write {root.path} without blanks, with the root owner, source, "
         "namespace, target, settings or group"},
        {"${X}", "error: unknown root 'X' in '{X}'; there are owner, source, namespace, target, settings and group"},
        {"{source}", "error: '{source}' names no field: write {source.name}"},
        {"a}b", "error: 'a}b' has a '}' without its '{'"},
        {"{source.name", "error: '{source.name' has no closing '}'"},
        {"{source.labels['a'}", "error: '{source.labels['a'}' has a [' without its ']"},
        {"{source.name?|x}",
         "error: unexpected '|' in '{source.name?|x}': a path goes on with .word or ['any text'], and ends with ?, "
         "|default or nothing"},
        {"{source.labels.app.kubernetes.io/name}",
         "error: unexpected '/' in '{source.labels.app.kubernetes.io/name}': a key with other characters is written "
         "{source.labels['app.kubernetes.io/name']}"},
        {"{source['a}'].labels./x}",
         "error: unexpected '.' in '{source['a}'].labels./x}': a key with other characters is written "
         "{source['a}'].labels['/x']}"},
        {"{source.spec.list[0]}",
         "error: unexpected '[' in '{source.spec.list[0]}': a path goes on with .word or ['any text'], and ends with "
         "?, |default or nothing"},
        {"{source.name|a{b}", "error: '{source.name|a{b}' has a default without its closing '}'"},
        {"{group.name}", "error: '{group.name}' has a path, and a group is a text: write {group}"},
    });
}

TEST_CASE("in data and annotations other braces are text") {
    check(
        {
            {R"({"a": {"b": 1}})", R"("{\"a\": {\"b\": 1}}")"},
            {"{{ .Values.x }} {{source.name}}", R"("{{ .Values.x }} {{source.name}}")"},
            {"${HOME} ${source.name}", R"("${HOME} ${source.name}")"},
            {"{group}", R"("{group}")"},
            {"{group?}", R"("shop")"},
            {"{", R"("{")"},
            {"}", R"("}")"},
            {"{ownr.name}", R"("{ownr.name}")"},
            {"{source}", R"("{source}")"},
            {"{source.name", R"("{source.name")"},
            {"a {source.name} b", R"("a web b")"},
            {R"({"name": "{source.name}"})", R"("{\"name\": \"web\"}")"},
            {"{source.labels.tier}", "missing: source.labels.tier is missing"},
        },
        Braces::loose);
}

TEST_CASE("only what stands in the policy is wild") {
    struct Wild {
        std::string text;
        std::vector<std::string> matches;
        std::vector<std::string> differs;
    };
    const std::vector<Wild> rows = {
        {"*-eu", {"blue-eu", "-eu"}, {"blue-us"}},
        {"web", {"web"}, {"web2", "*"}},
        {"{owner.spec.wild}", {"*"}, {"anything", ""}},
        {"{owner.spec.keys}", {"a", "*.conf"}, {"b.conf"}},
        {"{owner.spec.wild}-?", {"*-a", "*-ü"}, {"x-a", "*-", "*-ab"}},
        {"x*{owner.spec.wild}*y", {"x*y", "xa*by"}, {"xaby", "xy"}},
        {"{source.name}-*", {"web-1"}, {"we-1"}},
        {"x{owner.spec.wild}", {"x*"}, {"xy"}},
    };
    for (const Wild& row : rows) {
        World world;
        Documents documents = world.documents();
        const auto patterns = PlaceholderText::compile(row.text, Braces::strict)->patterns(documents).value();
        const auto matches = [&](const std::string& text) {
            for (const Pattern& pattern : std::get<std::vector<Pattern>>(patterns)) {
                if (pattern.matches(text)) return true;
            }
            return false;
        };
        for (const std::string& text : row.matches) {
            INFO(row.text << " on " << text);
            CHECK(matches(text));
        }
        for (const std::string& text : row.differs) {
            INFO(row.text << " on " << text);
            CHECK_FALSE(matches(text));
        }
    }
}

TEST_CASE("equal texts are equal patterns, however they came about") {
    World world;
    Documents documents = world.documents();
    const auto brought = PlaceholderText::compile("x{owner.spec.wild}", Braces::strict)->patterns(documents).value();
    CHECK(std::get<std::vector<Pattern>>(brought) == std::vector{Pattern{"x*", false}});
}

TEST_CASE("a map is no list of texts") {
    World world;
    Documents documents = world.documents();
    const auto patterns = PlaceholderText::compile("{owner.spec.map}", Braces::strict)->patterns(documents);
    REQUIRE_FALSE(patterns);
    CHECK(patterns.error().message == "'{owner.spec.map}' is not a text or a list of texts");
}

TEST_CASE("an evaluation notes the roots that it read, and no others") {
    World world;
    Documents documents = world.documents();
    const auto text = PlaceholderText::compile("{source.namespace}/{source.name}", Braces::loose).value();
    CHECK(text.resolve(documents).has_value());
    CHECK(documents.read.source);
    CHECK_FALSE(documents.read.owner);
    CHECK(documents.read.same_everywhere());
    CHECK(text.reads().source);
    CHECK_FALSE(text.reads().target);

    const auto of_target = PlaceholderText::compile("{target.namespace|x}", Braces::loose).value();
    CHECK(of_target.resolve(documents).has_value());
    CHECK(documents.read.target);
    CHECK_FALSE(documents.read.same_everywhere());
}

TEST_CASE("a root that is not there is missing") {
    Documents documents;
    for (const char* text :
         {"{owner.name}", "{source.name}", "{namespace.name}", "{target.kind}", "{group}", "{settings.x}"}) {
        INFO(text);
        const auto result = PlaceholderText::compile(text, Braces::strict)->resolve(documents).value();
        CHECK(std::holds_alternative<Missing>(result));
    }
}

TEST_CASE("a text knows whether it is literal or one placeholder") {
    const auto compiled = [](const char* text) { return PlaceholderText::compile(text, Braces::strict).value(); };
    CHECK(compiled("x").is_literal());
    CHECK_FALSE(compiled("x").is_whole());
    CHECK(compiled("{source.name}").is_whole());
    CHECK_FALSE(compiled("{source.name}{source.name}").is_whole());
    CHECK_FALSE(compiled("{source.name}-").is_whole());
    CHECK(compiled("{source.name}-").text() == "{source.name}-");
}

}  // namespace moontide::policy
