// What evaluations give: tables of a policy's slots, objects, and the copy or error that must come of them.
#include "bindings/load.hpp"
#include "kube/object.hpp"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::bindings;
using Json = nlohmann::json;

namespace {

kube::ObjectPtr object(const std::string& json) {
    kube::Reader reader;
    auto read = kube::Object::read(reader, json);
    if (!read) FAIL(read.error().message + ": " + json);
    return *read;
}

policy::PolicyPtr loaded(const std::string& text, const std::string& settings = "") {
    auto policy = load({"p", "p.lua", text, settings, {}, false});
    if (!policy) FAIL(policy.error().message);
    return *policy;
}

const char* const config_map =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"web","uid":"u-1",
    "creationTimestamp":"2026-01-01T00:00:00Z","resourceVersion":"7",
    "labels":{"team":"blue","app.kubernetes.io/instance":"argo","size":"9007199254740993"},
    "annotations":{"note":"hello","argocd.argoproj.io/tracking-id":"x","env":"{source.name}"}},
    "data":{"a.conf":"1","b.conf":"2","c.txt":"3"},"binaryData":{"logo":"/wD+"},"immutable":true})";
const char* const secret =
    R"({"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"infra","name":"key","uid":"u-2",
    "creationTimestamp":"2026-01-01T00:00:00Z"},"type":"Opaque","data":{"user":"YWRtaW4=","bytes":"/wD+"}})";
const char* const target_namespace =
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"blue-eu","uid":"n-1","labels":{"region":"eu"}}})";

std::string names(const policy::Roots& roots) {
    std::string text;
    if (roots.owner) text += "owner ";
    if (roots.source) text += "source ";
    if (roots.namespace_object) text += "namespace ";
    if (roots.target) text += "target ";
    if (roots.with) text += "with ";
    return text;
}

std::string whole(const std::string& slots) {
    const bool has_into = slots.find("into =") != std::string::npos;
    const bool has_from = slots.find("from =") != std::string::npos;
    return "return { api = 'moontide/v1', " +
           std::string(has_from ? "" : "from = { kind = { 'ConfigMap', 'Secret' } }, ") +
           (has_into ? "" : "into = { namespace = '*' }, ") + slots + " }";
}

/// The copy in blue-eu as JSON, or the error as text.
Json copy_of(const std::string& slots, const std::vector<std::string>& sources = {config_map},
             const std::map<std::string, std::vector<kube::ObjectPtr>>& with = {}) {
    const auto policy = loaded(whole(slots));
    policy::Inputs inputs;
    for (const std::string& source : sources) inputs.sources.push_back(object(source));
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {}, ""};
    inputs.with = with;
    const auto copy = policy->evaluator()->copy(inputs);
    if (!copy) return copy.error().message;
    if (!copy->content) return nullptr;
    Json result = {{"name", copy->target.name}, {"reads", names(copy->reads)}};
    if (!copy->content->fields.empty()) result["fields"] = copy->content->fields;
    if (!copy->content->labels.empty()) result["labels"] = copy->content->labels;
    if (!copy->content->annotations.empty()) result["annotations"] = copy->content->annotations;
    if (!copy->warnings.empty()) result["warnings"] = copy->warnings;
    return result;
}

struct ContentCase {
    const char* title;
    const char* slots;
    const char* fields;  ///< of the copy of config_map; for an error its beginning
};

const ContentCase content_cases[] = {
    {"everything goes along", "",
     R"({"binaryData":{"logo":"/wD+"},"data":{"a.conf":"1","b.conf":"2","c.txt":"3"},"immutable":true})"},
    {"keys are kept by globs", "keys = { keep = '*.conf' },",
     R"({"data":{"a.conf":"1","b.conf":"2"},"immutable":true})"},
    {"keys are dropped", "keys = { keep = { '*.conf', 'logo' }, drop = 'a.*' },",
     R"({"binaryData":{"logo":"/wD+"},"data":{"b.conf":"2"},"immutable":true})"},
    {"keys that a placeholder brings are exact, and none is all",
     "keys = { keep = '{source.spec.keys?}', drop = '{source.labels.team}' },",
     R"({"binaryData":{"logo":"/wD+"},"data":{"a.conf":"1","b.conf":"2","c.txt":"3"},"immutable":true})"},
    {"keys are renamed, and keep their section",
     "keys = { keep = { 'a.conf', 'logo' }, rename = { ['a.conf'] = '{source.name}.conf', logo = 'icon' } },",
     R"({"binaryData":{"icon":"/wD+"},"data":{"web.conf":"1"},"immutable":true})"},
    {"a function chooses keys",
     "keys = function(on) if on.key == 'logo' then return 'x' end return on.key:find('conf') ~= nil end,",
     R"({"binaryData":{"x":"/wD+"},"data":{"a.conf":"1","b.conf":"2"},"immutable":true})"},
    {"two keys become one", "keys = function(on) return 'same' end,", "p.lua:1: 'keys': two keys become 'same'"},
    {"a function of keys returns a number", "keys = function(on) return 5 end,",
     "p.lua:1: 'keys': the function must return true, false or a new name"},
    {"data is laid over",
     "keys = { keep = 'a.conf' }, data = { ['r.conf'] = 'region={namespace.labels.region|none}', ['a.conf'] = "
     "'{source.name}' },",
     R"({"data":{"a.conf":"web","r.conf":"region=eu"},"immutable":true})"},
    {"an entry of data that is nothing but a missing text is left out",
     "keys = { keep = 'a.conf' }, data = { x = '{source.labels.none?}', y = '-{source.labels.none?}-' },",
     R"({"data":{"a.conf":"1","y":"--"},"immutable":true})"},
    {"a missing text fails", "data = { x = '{source.labels.none}' },",
     "p.lua:1: 'data.x': source.labels.none is missing (in 'data', source ConfigMap infra/web, target ConfigMap "
     "blue-eu/web)"},
    {"what a placeholder brings is not read again", "data = { x = '{source.annotations.env}' }, keys = { keep = 'x' },",
     R"({"data":{"x":"{source.name}"},"immutable":true})"},
    {"other braces are text in data",
     "keys = { keep = 'x' }, data = { x = '{\"a\":{\"b\":1}} {{ .go }} ${SHELL} {group}' },",
     R"({"data":{"x":"{\"a\":{\"b\":1}} {{ .go }} ${SHELL} {group}"},"immutable":true})"},
    {"a number becomes text in data",
     "keys = { keep = 'x' }, data = { x = '{settings.count}' }, settings = { count = 3 },",
     R"({"data":{"x":"3"},"immutable":true})"},
    {"a function makes the data whole, from bytes",
     "data = function(on) return { logo = on.data.logo .. 'x', ['a.conf'] = on.data['a.conf'], new = 'n', raw = "
     "'\\255' } end,",
     R"({"binaryData":{"logo":"/wD+eA==","raw":"/w=="},"data":{"a.conf":"1","new":"n"},"immutable":true})"},
    {"on.data is a table of one's own",
     "data = function(on) local d = on.data d.logo, d['b.conf'] = nil, nil d['c.txt'] = 'x' return d end,",
     R"({"data":{"a.conf":"1","c.txt":"x"},"immutable":true})"},
    {"a function of one key",
     "keys = { keep = 'a.conf' }, data = { x = function(on) return on.data['a.conf'] .. on.source.name end, y = "
     "function() end },",
     R"({"data":{"a.conf":"1","x":"1web"},"immutable":true})"},
    {"a function of data returns nothing", "data = function() end,",
     "p.lua:1: 'data' must return a table of texts, not nil"},
    {"a function of data returns numbers", "data = function() return { a = 1 } end,",
     "p.lua:1: data.a: a text is expected, not a number; use tostring"},
    {"a function of data returns text", "data = function() return 'x' end,",
     "p.lua:1: data: a map of texts is expected, not a string"},
    {"object is merged in",
     "keys = { keep = 'a.conf' }, object = { immutable = false, extra = { list = { '{source.name}', 2 }, flag = "
     "'{source.immutable}' } },",
     R"({"data":{"a.conf":"1"},"extra":{"flag":true,"list":["web",2]},"immutable":false})"},
    {"a function of object is whole",
     "object = function(on) local o = on.object o.immutable = nil o.data = { n = on.target.name } return o end,",
     R"({"binaryData":{"logo":"/wD+"},"data":{"n":"web"}})"},
    {"an object that is passed on whole leaves its metadata behind", "object = function(on) return on.source end,",
     R"({"binaryData":{"logo":"/wD+"},"data":{"a.conf":"1","b.conf":"2","c.txt":"3"},"immutable":true})"},
    {"no copy here", "object = function(on) if on.namespace.name == 'blue-eu' then return nil end return {} end,",
     nullptr},
    {"a function of object returns text", "object = function() return 'x' end,",
     "p.lua:1: 'object': the function must return a table of fields"},
    {"a Secret of a ConfigMap", "kind = 'Secret', keys = { keep = { 'a.conf', 'logo' } },",
     R"({"data":{"a.conf":"MQ==","logo":"/wD+"}})"},
    {"stringData becomes data",
     "kind = 'Secret', keys = { keep = 'x' }, object = { stringData = { p = 'moon' }, type = 'Opaque' },",
     R"({"data":{"p":"bW9vbg=="},"type":"Opaque"})"},
    {"a runtime error has its line", "data = function(on)\n local x = nil\n return x.y end,",
     "p.lua:3: attempt to index local 'x' (a nil value) (in 'data', source ConfigMap infra/web, target ConfigMap "
     "blue-eu/web)"},
    {"on tells what it has", "data = function(on) return on.sorce.data end,",
     "p.lua:1: on has no 'sorce' here, did you mean 'source'?; it has owner, source, namespace, target, settings, "
     "data"},
    {"what on brings is read-only", "data = function(on) on.source.data.x = '1' return {} end,",
     "p.lua:1: what 'on' brings is read-only"},
    {"an endless function", "data = function(on) while true do end end,",
     "p.lua:1: stopped after 10000000 instructions: is there a loop that does not end? (in 'data'"},
    {"a function that takes all memory", "data = function(on) local t = {} for i = 1, 1e9 do t[i] = i end end,",
     "p.lua:1: stopped: it needs more than 64 MiB"},
};

}  // namespace

TEST_CASE("content is the source's fields, then keys, data and object") {
    for (const ContentCase& one : content_cases) {
        INFO(one.title);
        const Json copy = copy_of(one.slots);
        if (one.fields == nullptr) {
            CHECK(copy.is_null());
        } else if (copy.is_string()) {
            CHECK_THAT(copy.get<std::string>(), Catch::StartsWith(one.fields));
        } else {
            CHECK(copy.at("fields") == one.fields);
        }
    }
}

TEST_CASE("a Secret keeps its type, and its data is bytes for functions") {
    CHECK(copy_of("", {secret}).at("fields") == R"({"data":{"bytes":"/wD+","user":"YWRtaW4="},"type":"Opaque"})");
    CHECK(copy_of("data = function(on) return { user = on.data.user:upper() } end,", {secret}).at("fields") ==
          R"({"data":{"user":"QURNSU4="},"type":"Opaque"})");
    CHECK(copy_of("kind = 'ConfigMap',", {secret}).at("fields") ==
          R"({"binaryData":{"bytes":"/wD+"},"data":{"user":"admin"}})");
    CHECK(copy_of("data = { user = 'x' },", {secret}).at("fields") ==
          R"({"data":{"bytes":"/wD+","user":"eA=="},"type":"Opaque"})");
}

TEST_CASE("integers beyond 2^53 keep their digits on every way through") {
    const std::string pod =
        R"({"apiVersion":"example.com/v1","kind":"Big","metadata":{"namespace":"infra","name":"web"},
        "spec":{"n":9007199254740993,"list":[18446744073709551615,-9007199254740993],"empty":[],"map":{}},"status":{"x":1}})";
    const std::string from = "from = { kind = 'Big', apiVersion = 'example.com/v1' }, ";
    const std::string spec =
        R"("spec":{"empty":[],"list":[18446744073709551615,-9007199254740993],"map":{},"n":9007199254740993})";
    CHECK(copy_of(from, {pod}).at("fields") == "{" + spec + "}");
    CHECK(copy_of(from + "object = function(on) return { spec = on.source.spec } end", {pod}).at("fields") ==
          "{" + spec + "}");
    CHECK(copy_of(from + "object = function(on) return on.object end", {pod}).at("fields") == "{" + spec + "}");
    CHECK(
        copy_of(
            from +
                "object = function(on) local o = on.object o.spec.x = o.spec.n return { spec = { x = o.spec.x } } end",
            {pod})
            .at("fields") == R"({"spec":{"x":9007199254740993}})");
    CHECK(copy_of(from + "object = { n = '{source.spec.n}', t = 'is {source.spec.n}' }", {pod}).at("fields") ==
          R"({"n":9007199254740993,)" + spec + R"(,"t":"is 9007199254740993"})");
    CHECK(copy_of(
              from + "object = function(on) return { t = on.source.spec.n .. '!', u = tostring(on.source.spec.n) } end",
              {pod})
              .at("fields") == R"({"t":"9007199254740993!","u":"9007199254740993"})");
    CHECK_THAT(
        copy_of(from + "object = function(on) return { t = on.source.spec.n + 1 } end", {pod}).get<std::string>(),
        Catch::Contains("9007199254740993 is beyond 2^53"));
    CHECK_THAT(copy_of(from + "object = function(on) return { t = 2^53 + 2 } end", {pod}).get<std::string>(),
               Catch::Contains("object.t: an integer beyond 2^53"));
}

TEST_CASE("names are the source's, the slot's or into's, and fit") {
    CHECK(copy_of("").at("name") == "web");
    CHECK(copy_of("name = '{source.name}-{source.namespace}',").at("name") == "web-infra");
    CHECK(copy_of("name = function(on) return moontide.name(on.target.namespace .. '_X') end,").at("name") ==
          "blue-eu-x");
    CHECK(copy_of("name = '" + std::string(260, 'n') + "',").at("name").get<std::string>().size() == 253);
    CHECK(copy_of("name = '{source.labels.none}',") ==
          "p.lua:1: 'name': source.labels.none is missing (in 'name', source ConfigMap infra/web, target ConfigMap "
          "blue-eu/)");
    CHECK_THAT(copy_of("name = '{source.labels.none?}',").get<std::string>(),
               Catch::StartsWith("p.lua:1: 'name': the name is empty"));
    CHECK_THAT(copy_of("name = function() return {} end,").get<std::string>(),
               Catch::StartsWith("p.lua:1: 'name': a text is expected, not a map"));
    CHECK_THAT(copy_of("name = function() return 5 end,").get<std::string>(),
               Catch::StartsWith("p.lua:1: 'name': the function must return a text"));
}

TEST_CASE("labels and annotations: carried ones, then the policy's, without tracking marks") {
    const Json carried =
        copy_of("carry = { labels = '*', annotations = { 'note', 'argocd*' } }, labels = { team = 'red' },");
    CHECK(carried.at("labels") == Json({{"team", "red"}, {"size", "9007199254740993"}}));
    CHECK(carried.at("annotations") == Json({{"note", "hello"}}));
    CHECK(copy_of("carry = { labels = '{source.labels.team}' },").contains("labels") == false);
    CHECK(copy_of("carry = function(on) return { labels = { 'team' }, annotations = 'note' } end,").at("labels") ==
          Json({{"team", "blue"}}));
    CHECK(copy_of("labels = function(on) return { team = on.source.labels.team .. '-x' } end,").at("labels") ==
          Json({{"team", "blue-x"}}));
    CHECK(copy_of("labels = { a = function(on) return on.target.namespace end, b = function() end, c = "
                  "'{source.labels.none?}' },")
              .at("labels") == Json({{"a", "blue-eu"}}));
    CHECK_THAT(copy_of("labels = { a = '{source.labels}' },").get<std::string>(),
               Catch::StartsWith("p.lua:1: 'labels.a': a text is expected, not a map"));
    CHECK_THAT(copy_of("labels = function() return { a = 1 } end,").get<std::string>(),
               Catch::StartsWith("p.lua:1: 'labels': the function must return texts, and 'a' is none"));
    const Json shortened =
        copy_of("labels = { origin = '" + std::string(70, 'x') + "' }, annotations = { other = 'a/b {x}' },");
    CHECK(shortened.at("labels").at("origin").get<std::string>().size() == 63);
    CHECK(shortened.at("annotations") == Json({{"origin", std::string(70, 'x')}, {"other", "a/b {x}"}}));
}

TEST_CASE("marks are the entries of literal tables alone") {
    const auto policy =
        loaded(whole("existing = 'marked', labels = { a = '{source.name}', f = function() return 'x' end }, "
                     "annotations = { b = 'lit' }, carry = { labels = 'team' },"));
    policy::Inputs inputs;
    inputs.sources = {object(config_map)};
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    const auto copy = policy->evaluator()->copy(inputs);
    REQUIRE(copy);
    CHECK(copy->existing == policy::Existing::marked);
    CHECK(copy->content->mark_labels == policy::Labels{{"a", "web"}});
    CHECK(copy->content->mark_annotations == policy::Labels{{"b", "lit"}});
    CHECK(copy->content->labels == policy::Labels{{"a", "web"}, {"f", "x"}, {"team", "blue"}});
}

TEST_CASE("what was read is reported, and no more") {
    CHECK(copy_of("").at("reads") == "source ");
    CHECK(copy_of("annotations = { a = '{source.namespace}/{source.name}' }").at("reads") == "source ");
    CHECK(copy_of("annotations = { a = '{target.namespace}' }").at("reads") == "source target ");
    CHECK(copy_of("data = { a = '{namespace.labels.region}' }").at("reads") == "source namespace ");
    CHECK(copy_of("data = function(on) return { a = on.namespace.name } end").at("reads") == "source namespace ");
    CHECK(copy_of("data = function(on) return { a = on.source.name } end").at("reads") == "source ");
    CHECK(copy_of("data = function(on) return { a = on.owner.name } end").at("reads") == "owner source ");
    CHECK(copy_of("with = { extra = { kind = 'Secret', name = 'x' } }, data = function(on) return { a = "
                  "tostring(on.extra) } end")
              .at("reads") == "source with ");
}

TEST_CASE("with brings single objects and lists, and says which it asks for") {
    const std::string slots =
        "with = { extra = { kind = 'Secret', name = '{source.name}-extra', namespace = '{target.namespace}' }, "
        "values = { kind = { 'ConfigMap', 'Secret' }, list = '{source.spec.values?}' } }, "
        "data = function(on) return { extra = on.extra and on.extra.name or 'none', values = tostring(#on.values) } "
        "end";
    CHECK(copy_of(slots).at("fields") == R"({"data":{"extra":"none","values":"0"},"immutable":true})");
    CHECK(copy_of(slots, {config_map}, {{"extra", {object(secret)}}, {"values", {object(secret), object(config_map)}}})
              .at("fields") == R"({"data":{"extra":"key","values":"2"},"immutable":true})");

    const auto policy = loaded(whole(slots));
    policy::Inputs inputs;
    inputs.sources = {object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"web"},
        "spec":{"values":[{"kind":"Secret","name":"s"},{"kind":"ConfigMap","name":"c","namespace":"far"}]}})")};
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {}, "web"};
    const auto companions = policy->evaluator()->with(inputs);
    if (!companions) FAIL(companions.error().message);
    REQUIRE(companions->size() == 2);
    CHECK((*companions)[0].refs == std::vector<kube::Ref>{{{"v1", "Secret"}, "blue-eu", "web-extra"}});
    CHECK((*companions)[1].is_list);
    CHECK((*companions)[1].refs ==
          std::vector<kube::Ref>{{{"v1", "Secret"}, "infra", "s"}, {{"v1", "ConfigMap"}, "far", "c"}});
}

TEST_CASE("sources of a group make one copy") {
    const std::string other =
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"api","labels":{"team":"blue"}},"data":{"b.conf":"20","d.conf":"4"}})";
    const std::string slots = "group = '{source.labels.team}', name = 'all-{group}', ";
    const Json laid = copy_of(slots, {config_map, other});
    CHECK(laid.at("name") == "all-blue");
    CHECK(
        laid.at("fields") ==
        R"({"binaryData":{"logo":"/wD+"},"data":{"a.conf":"1","b.conf":"20","c.txt":"3","d.conf":"4"},"immutable":true})");
    CHECK(copy_of(slots + "object = function(on) local n = {} for _, s in ipairs(on.sources) do n[#n + 1] = s.name end "
                          "return { data = { names = table.concat(n, ','), group = on.group } } end",
                  {config_map, other})
              .at("fields") == R"({"data":{"group":"blue","names":"web,api"}})");

    const auto policy = loaded(whole(slots));
    policy::Inputs inputs;
    inputs.sources = {object(config_map)};
    CHECK(policy->evaluator()->group(inputs).value() == "blue");
    inputs.sources = {object(secret)};
    const auto missing = policy->evaluator()->group(inputs);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message ==
          "p.lua:1: 'group': source.labels.team is missing (in 'group', source Secret infra/key)");
    const auto alone = loaded(whole("group = '{source.labels.team?}', name = 'x', "))->evaluator()->group(inputs);
    CHECK_FALSE(alone.value());
}

TEST_CASE("existing is a word in any case, and expires a time or a duration") {
    const auto evaluated = [](const std::string& slots) {
        const auto policy = loaded(whole(slots));
        policy::Inputs inputs;
        inputs.sources = {object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"web",
            "creationTimestamp":"2026-01-01T00:00:00Z","annotations":{"policy":"MERGE","until":"2026-02-01T00:00:00+01:00","bad":"soon"}}})")};
        inputs.namespace_object = object(target_namespace);
        inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
        return policy->evaluator()->copy(inputs);
    };
    CHECK(evaluated("")->existing == policy::Existing::refuse);
    CHECK(evaluated("existing = 'Adopt',")->existing == policy::Existing::adopt);
    CHECK(evaluated("existing = '{source.annotations.policy}',")->existing == policy::Existing::merge);
    CHECK(evaluated("existing = '{source.annotations.none|join}',")->existing == policy::Existing::join);
    CHECK_THAT(evaluated("existing = '{source.annotations.bad}',").error().message,
               Catch::Contains("\"soon\" is not one of refuse"));
    CHECK_THAT(evaluated("existing = '{source.annotations.none|marked}',").error().message,
               Catch::Contains("needs a label or annotation that comes from"));
    CHECK_FALSE(evaluated("")->expires);
    CHECK(rfc3339(*evaluated("expires = '1h30m',")->expires) == "2026-01-01T01:30:00Z");
    CHECK(rfc3339(*evaluated("expires = '7d',")->expires) == "2026-01-08T00:00:00Z");
    CHECK(rfc3339(*evaluated("expires = '{source.annotations.until}',")->expires) == "2026-01-31T23:00:00Z");
    CHECK_FALSE(evaluated("expires = '{source.annotations.none?}',")->expires);
    CHECK_THAT(evaluated("expires = '{source.annotations.bad}',").error().message,
               Catch::Contains("'soon' is neither a time"));
}

TEST_CASE("warnings come with the copy") {
    CHECK(copy_of("data = function(on) moontide.warn('no key in ' .. on.source.name) return on.data end,")
              .at("warnings") == Json({"no key in web"}));
}

TEST_CASE("two evaluators give the same bytes") {
    const std::string slots =
        "data = function(on) local d = on.data for k, v in pairs(on.source.labels) do d[moontide.key(k)] = v end "
        "d.json = moontide.json.encode({ z = 1, a = { on.source.metadata } }) return d end, "
        "labels = function(on) local l = {} for i, w in ipairs({ 'x', 'y' }) do l[w] = tostring(i) end return l end,";
    const Json first = copy_of(slots);
    REQUIRE(first.is_object());
    for (int again = 0; again < 5; ++again) CHECK(copy_of(slots) == first);
}

TEST_CASE("an evaluation leaves nothing behind for the next") {
    const auto policy =
        loaded(whole("data = function(on) local t = {} t.n = (t.n or 0) + 1 return { n = tostring(t.n), name = "
                     "on.source.name } end,"));
    const auto evaluator = policy->evaluator();
    policy::Inputs inputs;
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    for (const char* source : {config_map, secret, config_map}) {
        inputs.sources = {object(source)};
        const auto copy = evaluator->copy(inputs);
        REQUIRE(copy);
        CHECK_THAT(copy->content->fields, Catch::Contains(R"("n":"1")"));
        CHECK_THAT(copy->content->fields,
                   Catch::Contains("\"name\":\"" + std::string(inputs.sources[0]->name()) + "\""));
    }
}

TEST_CASE("an evaluator goes on after an evaluation that was stopped") {
    const auto policy = loaded(
        whole("data = function(on) if on.source.name == 'web' then while true do end end return { a = 'b' } end,"));
    const auto evaluator = policy->evaluator();
    policy::Inputs inputs;
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {"v1", "ConfigMap"}, ""};
    inputs.sources = {object(config_map)};
    CHECK_FALSE(evaluator->copy(inputs));
    inputs.sources = {object(secret)};
    CHECK(evaluator->copy(inputs));
}

TEST_CASE("a function makes a ConfigMap of a pod") {
    const char* pod =
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"web-0","uid":"p-1","labels":{"app.kubernetes.io/name":"web"}},
        "spec":{"nodeName":"n1","containers":[{"name":"c","ports":[{"containerPort":80}]}]},"status":{"phase":"Running"}})";
    const Json copy = copy_of(R"lua(
  from   = { kind = "Pod" },
  kind   = "ConfigMap",
  name   = "pod-{source.name}-cfg",
  labels = { ["pod-uid"] = "{source.uid}" },
  data   = function(on)
    local pod = on.source
    local data = { podName = pod.name, namespace = pod.namespace, nodeName = pod.spec.nodeName or "", phase = pod.status.phase or "" }
    for _, key in ipairs({ "app.kubernetes.io/name", "none" }) do data[moontide.key("label_" .. key)] = pod.labels[key] end
    for _, container in ipairs(pod.spec.containers) do data[container.name] = tostring(container.ports[1].containerPort) end
    data.count = tostring(#pod.spec.containers)
    return data
  end,)lua",
                              {pod});
    CHECK(copy.at("name") == "pod-web-0-cfg");
    CHECK(copy.at("labels") == Json({{"pod-uid", "p-1"}}));
    CHECK(
        copy.at("fields") ==
        R"({"data":{"c":"80","count":"1","label_app.kubernetes.io_name":"web","namespace":"shop","nodeName":"n1","phase":"Running","podName":"web-0"}})");
    CHECK(copy.at("reads") == "source ");
}

TEST_CASE("a policy without sources makes its copies of nothing") {
    const auto policy = loaded(
        "return { api = 'moontide/v1', into = { namespace = '*' }, kind = 'ConfigMap', name = 'note', "
        "data = { text = 'hello {namespace.name}' } }");
    policy::Inputs inputs;
    inputs.namespace_object = object(target_namespace);
    inputs.target = policy::Target{"", "blue-eu", {}, ""};
    const auto copy = policy->evaluator()->copy(inputs);
    if (!copy) FAIL(copy.error().message);
    CHECK(copy->target.name == "note");
    CHECK(copy->content->fields == R"({"data":{"text":"hello blue-eu"}})");
}
