// Selections as policies write them, made concrete; and marks read backwards.
#include "bindings/load.hpp"
#include "kube/object.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace moontide;
using namespace moontide::bindings;

namespace {

kube::ObjectPtr object(const std::string& json) {
    kube::Reader reader;
    auto read = kube::Object::read(reader, json);
    if (!read) FAIL(read.error().message + ": " + json);
    return *read;
}

policy::PolicyPtr loaded(const std::string& slots, const std::string& settings = "") {
    auto policy = load({"p", "p.lua", "return { api = 'moontide/v1', " + slots + " }", settings, {}, false});
    if (!policy) FAIL(policy.error().message);
    return *policy;
}

const char* const source =
    R"json({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"infra","name":"web","labels":{"team":"blue"},
    "annotations":{"to":"a*","region":"eu","selector":"app in (x,y)","broken":"app in"}},
    "spec":{"targets":["one","t*"],"none":[],"labels":{"a":"b","c":["d","e*"],"f":false},"selector":{"matchLabels":{"k":"v"}},"n":5}})json";

std::string text(const std::vector<policy::Pattern>& patterns) {
    std::string all;
    for (const auto& pattern : patterns) all += (all.empty() ? "" : ",") + pattern.text + (pattern.wild ? "~" : "");
    return all;
}

std::string text(const policy::Selection& selection) {
    std::string all;
    for (const auto& kind : selection.kinds) all += "kind " + kind.kind + "; ";
    if (!selection.cluster.empty()) all += "cluster " + selection.cluster + "; ";
    if (selection.namespaces) all += "in " + text(*selection.namespaces) + "; ";
    if (selection.names) all += "named " + text(*selection.names) + "; ";
    const auto rules = [&](const std::vector<policy::KeyRule>& list, const char* what) {
        for (const auto& rule : list) {
            const bool any = rule.presence == policy::KeyRule::Presence::any_of;
            all += fmt::format("{} {}{}; ", what, rule.key,
                               any                                                 ? "=" + text(rule.any_of)
                               : rule.presence == policy::KeyRule::Presence::there ? " there"
                                                                                   : " absent");
        }
    };
    rules(selection.labels, "label");
    rules(selection.annotations, "annotation");
    if (selection.selector) all += "selector " + selection.selector->text() + "; ";
    if (selection.where) all += "where; ";
    for (const auto& exception : selection.except) all += "except (" + text(exception) + ") ";
    if (!selection.copy_kind.empty()) all += "kind " + selection.copy_kind + "; ";
    if (!selection.copy_name.empty()) all += "name " + selection.copy_name + "; ";
    return all;
}

/// `into` for the source: selections, targets and what is awaited, or the error.
std::string into(const std::string& into_slot) {
    const auto policy = loaded("from = { kind = { 'ConfigMap', 'Secret' } }, into = " + into_slot);
    policy::Inputs inputs;
    inputs.sources = {object(source)};
    const auto found = policy->evaluator()->into(inputs);
    if (!found) return found.error().message;
    std::string all;
    if (const auto* selections = std::get_if<std::vector<policy::Selection>>(&found->where_to)) {
        for (const auto& selection : *selections) all += "[" + text(selection) + "]";
    } else {
        for (const auto& target : std::get<std::vector<policy::Target>>(found->where_to)) {
            all += fmt::format("<{} {} {}>", target.namespace_name, target.kind.kind, target.name);
        }
    }
    for (const auto& waiting : found->waiting) all += " waiting: " + waiting;
    return all;
}

}  // namespace

TEST_CASE("leaves of into are concrete for a source; only what the policy writes is wild") {
    const struct {
        const char* slot;
        const char* selections;
    } cases[] = {
        {"{ namespace = '*' }", "[named *~; ]"},
        {"{ namespace = { 'a', 'b-*' } }", "[named a,b-*~; ]"},
        {"{ namespace = '{source.annotations.to}' }", "[named a*; ]"},
        {"{ namespace = 'x-{source.annotations.to}' }", "[named x-a*; ]"},
        {"{ namespace = '{source.spec.targets}' }", "[named one,t*; ]"},
        {"{ namespace = '{source.spec.none}' }", "[named ; ]"},
        {"{ namespace = function(on) return { on.source.name, 'w*' } end }", "[named web,w*; ]"},
        {"{ namespace = { 'a', function(on) return 'b' end, '{source.labels.team}' } }", "[named a,b,blue; ]"},
        {"{ labels = { team = '{source.labels.team}', x = true, y = false, z = { 'p', 'q*' } } }",
         "[label team=blue; label x there; label y absent; label z=p,q*~; ]"},
        {"{ labels = '{source.spec.labels}' }", "[label a=b; label c=d,e*; label f absent; ]"},
        {"{ annotations = function(on) return { r = on.source.annotations.region } end }", "[annotation r=eu; ]"},
        {"{ selector = 'a=b,c in (d,e)' }", "[selector a=b,c in (d,e); ]"},
        {"{ selector = '{source.annotations.selector}' }", "[selector app in (x,y); ]"},
        {"{ selector = '{source.spec.selector}' }", "[selector k=v; ]"},
        {"{ selector = { matchExpressions = { { key = 'a', operator = 'Exists' } } } }", "[selector a; ]"},
        {"{ selector = function(on) return { matchLabels = { a = on.source.name } } end }", "[selector a=web; ]"},
        {"{ namespace = '*', where = function(on) return true end, cluster = 'far' }",
         "[cluster far; named *~; where; ]"},
        {"{ namespace = '*', except = { { namespace = 'kube-*' }, { labels = { no = '{source.name}' } } } }",
         "[named *~; except (named kube-*~; ) except (label no=web; ) ]"},
        {"{ { namespace = 'a', kind = 'Secret', name = '{source.name}-x' }, { namespace = 'b', kind = 'ConfigMap' } }",
         "[named a; kind Secret; name web-x; ][named b; kind ConfigMap; ]"},
        {"{ { namespace = 'a' }, { namespace = '{source.labels.none}' } }",
         "[named a; ] waiting: source.labels.none is missing"},
        {"{ namespace = '{source.labels.none?}', labels = { a = 'b' } }", "[label a=b; ]"},
        {"{ namespace = '{source.labels.none|dflt*}' }", "[named dflt*; ]"},
        {"{ namespace = function() end }", " waiting: 'into.namespace' returned nothing"},
        {"{ namespace = '*', except = { namespace = '{source.labels.none}' } }",
         " waiting: source.labels.none is missing"},
        {"{ namespace = '*', except = { namespace = '{source.labels.none?}' } }", "[named *~; ]"},
        {"{ selector = '{source.annotations.broken}' }", "p.lua:1: 'into.selector': "},
        {"{ labels = '{source.spec.n}' }", "p.lua:1: 'into.labels': a map of names and values is expected"},
        {"{ namespace = '{source.spec.labels}' }",
         "p.lua:1: 'into.namespace': '{source.spec.labels}' is not a text or a list of texts"},
        {"function(on) return { { namespace = 'a', kind = 'Secret', name = on.source.name }, { namespace = 'b' } } end",
         "<a Secret web><b  >"},
        {"function(on) return {} end", ""},
        {"function(on) end",
         "p.lua:1: 'into': the function must return a list of targets (in 'into', source ConfigMap infra/web)"},
        {"function(on) return { { nmespace = 'a' } } end",
         "p.lua:1: 'into': unknown field 'nmespace', did you mean 'namespace'?"},
        {"function(on) return { { name = 'a' } } end", "p.lua:1: 'into': a target without its 'namespace'"},
        {"function(on) return { { namespace = 5 } } end", "p.lua:1: 'into': 'namespace' must be a text"},
        {"function(on) return { { namespace = 'a', name = 'x' } } end, name = 'y'",
         "p.lua:1: 'into': the copy's name is in 'into' and in 'name'"},
        {"function(on) return { { namespace = 'a', kind = 'Secret' } } end, kind = 'Secret'",
         "p.lua:1: 'into': the copy's kind is in 'into' and in 'kind'"},
        {"function(on) return { { namespace = on.target.namespace } } end",
         "p.lua:1: on has no 'target' here; it has owner, source, settings"},
    };
    for (const auto& one : cases) {
        INFO(one.slot);
        const std::string found = into(one.slot);
        if (std::string_view(one.selections).starts_with("p.lua")) {
            CHECK_THAT(found, Catch::StartsWith(one.selections));
        } else {
            CHECK(found == one.selections);
        }
    }
}

TEST_CASE("from is concrete without any object") {
    const auto policy = loaded(
        "settings = { namespace = 'infra' }, from = { { kind = 'ConfigMap', namespace = '{settings.namespace}', "
        "annotations = { ['x/y'] = 'true' } }, { kind = { 'Secret', 'Pod' }, name = 'a*' } }, into = { namespace = '*' "
        "}, kind = 'ConfigMap'",
        R"({"namespace":"w*"})");
    const auto from = policy->evaluator()->from({});
    REQUIRE(from);
    REQUIRE(from->selections.size() == 2);
    // What the configuration brings is exact too.
    CHECK(text(from->selections[0]) == "kind ConfigMap; in w*; annotation x/y=true; ");
    CHECK(text(from->selections[1]) == "kind Secret; kind Pod; named a*~; ");
}

TEST_CASE("where is asked for the source or the namespace, exceptions too") {
    const auto policy = loaded(
        "from = { kind = 'ConfigMap', where = function(on) return on.source.labels.team == 'blue' end }, "
        "into = { namespace = '*', where = function(on) return on.namespace.labels.ok == 'yes' and on.source.name == "
        "'web' end, "
        "except = { labels = { maybe = true }, where = function(on) return on.namespace.name == 'no' end } }");
    const auto evaluator = policy->evaluator();
    policy::Inputs inputs;
    inputs.sources = {object(source)};
    const auto from = evaluator->from(inputs);
    REQUIRE(from);
    CHECK(evaluator->where(from->selections[0], inputs).value() == true);
    inputs.sources = {object(R"({"kind":"ConfigMap","metadata":{"name":"web","namespace":"x"}})")};
    CHECK(evaluator->where(from->selections[0], inputs).value() == false);

    const auto into = evaluator->into(inputs);
    const auto& selection = std::get<std::vector<policy::Selection>>(into->where_to)[0];
    const auto asked = [&](const std::string& name, const std::string& labels) {
        inputs.namespace_object =
            object(R"({"kind":"Namespace","metadata":{"name":")" + name + R"(","labels":{)" + labels + "}}}");
        return evaluator->where(selection, inputs).value();
    };
    CHECK(asked("yes", R"("ok":"yes")") == true);
    CHECK(asked("yes", R"("ok":"no")") == false);
    CHECK(asked("no", R"("ok":"yes","maybe":"1")") == false);
    CHECK(asked("no", R"("ok":"yes")") == true);

    const auto wrong =
        loaded("from = { kind = 'ConfigMap', where = function(on) return 'yes' end }, into = { namespace = '*' }");
    inputs.namespace_object = nullptr;
    const auto answer = wrong->evaluator()->where(wrong->evaluator()->from({})->selections.front(), inputs);
    REQUIRE_FALSE(answer);
    CHECK_THAT(answer.error().message,
               Catch::StartsWith("p.lua:1: 'from.where': the function must return true or false (in 'from'"));
}

TEST_CASE("marks are read backwards where they tell one source and no other") {
    const struct {
        const char* marks;
        const char* metadata;
        const char* origin;  ///< "namespace/name", or null
    } cases[] = {
        {"annotations = { s = '{source.namespace}/{source.name}' }", R"("annotations":{"s":"infra/web"})", "infra/web"},
        {"annotations = { s = '{source.namespace}/{source.name}' }", R"("annotations":{"s":"infra"})", nullptr},
        {"annotations = { s = '{source.namespace}/{source.name}' }", R"("annotations":{"s":"a/b/c"})", nullptr},
        {"annotations = { s = '{source.namespace}/{source.name}' }", R"("labels":{"s":"infra/web"})", nullptr},
        {"annotations = { s = '{source.namespace}-{source.name}' }", R"("annotations":{"s":"infra-web"})", "infra/web"},
        {"annotations = { s = '{source.namespace}-{source.name}' }", R"("annotations":{"s":"in-fra-web"})", nullptr},
        {"labels = { by = '{source.name}', from = '{source.namespace}', lit = 'yes' }",
         R"("labels":{"by":"web","from":"infra","lit":"yes"})", "infra/web"},
        {"labels = { by = '{source.name}', from = '{source.namespace}', lit = 'yes' }",
         R"("labels":{"by":"web","from":"infra","lit":"no"})", nullptr},
        {"labels = { by = '{owner.metadata.name}' }", R"("labels":{"by":"web"})", "/web"},
        {"labels = { by = '{source.name}', again = 'x.{source.name}' }", R"("labels":{"by":"web","again":"x.api"})",
         nullptr},
        {"labels = { by = 'us' }", R"("labels":{"by":"us"})", nullptr},
        {"labels = { uid = '{source.uid}' }", R"("labels":{"uid":"u-1"})", "/"},
        {"settings = { p = 'a.b' }, labels = { s = '{settings.p}_{source.name}' }", R"("labels":{"s":"a.b_web"})",
         "/web"},
        {"settings = { p = 'a.b' }, labels = { s = '{settings.p}_{source.name}' }", R"("labels":{"s":"axb_web"})",
         nullptr},
        {"labels = { s = '{source.name}' }",
         R"("labels":{"s":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-01234567"})", nullptr},
        {"labels = function() return {} end", R"("labels":{"s":"x"})", nullptr},
    };
    for (const auto& one : cases) {
        INFO(one.marks << " " << one.metadata);
        const auto policy =
            loaded(std::string("from = { kind = 'ConfigMap' }, into = { namespace = '*' }, ") + one.marks);
        const std::string json =
            std::string(R"({"kind":"ConfigMap","metadata":{"name":"n","namespace":"s",)") + one.metadata + "}}";
        kube::Reader reader;
        const auto metadata = reader.metadata(json);
        REQUIRE(metadata);
        const auto origin = policy->origin(*metadata);
        if (one.origin == nullptr) {
            CHECK_FALSE(origin);
        } else {
            REQUIRE(origin);
            CHECK(origin->source_namespace + "/" + origin->source_name == one.origin);
        }
    }
}

TEST_CASE("a mark that was shortened is read from its annotation") {
    const std::string name(70, 'x');
    const auto policy =
        loaded("from = { kind = 'ConfigMap' }, into = { namespace = '*' }, labels = { by = '{source.name}' }");
    policy::Inputs inputs;
    inputs.sources = {
        object(R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"namespace":"infra","name":")" + name + "\"}}")};
    inputs.target = policy::Target{"", "blue", {"v1", "ConfigMap"}, ""};
    const auto copy = policy->evaluator()->copy(inputs);
    if (!copy) FAIL(copy.error().message);
    kube::Metadata metadata;
    for (const auto& [key, value] : copy->content->labels) metadata.labels.emplace_back(key, value);
    CHECK_FALSE(policy->origin(metadata));
    for (const auto& [key, value] : copy->content->annotations) metadata.annotations.emplace_back(key, value);
    CHECK(policy->origin(metadata)->source_name == name);
}
