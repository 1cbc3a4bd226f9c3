#include "sync/sources.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

const kube::Resource config_maps{{"v1", "ConfigMap"}, "configmaps", true, false};
const kube::Resource namespaces{{"v1", "Namespace"}, "namespaces", false, false};

policy::Selection selection(auto change) {
    policy::Selection out;
    out.kinds = {config_maps.kind};
    change(out);
    return out;
}

/// "flux-system labels=a fields=b", one a watch.
std::string words(const std::vector<watch::Scope>& scopes) {
    std::string text;
    for (const auto& scope : scopes) {
        if (!text.empty()) text += " | ";
        text += scope.namespace_name.empty() ? "all" : scope.namespace_name;
        if (!scope.label_selector.empty()) text += " labels=" + scope.label_selector;
        if (!scope.field_selector.empty()) text += " fields=" + scope.field_selector;
    }
    return text.empty() ? "none" : text;
}

}  // namespace

TEST_CASE("a selection's watches are as narrow as the server can make them") {
    using Presence = policy::KeyRule::Presence;
    using S = policy::Selection;
    using Patterns = std::vector<policy::Pattern>;
    struct Row {
        std::string what;
        policy::Selection selection;
        std::string scopes;
    };
    const std::vector<Row> rows = {
        {"no condition", selection([](S&) {}), "all"},
        {"one namespace", selection([](S& s) { s.namespaces = Patterns{{"flux-system", false}}; }), "flux-system"},
        {"two namespaces", selection([](S& s) { s.namespaces = Patterns{{"a", false}, {"b", false}}; }), "a | b"},
        {"a wild namespace", selection([](S& s) { s.namespaces = Patterns{{"a", false}, {"b*", true}}; }), "all"},
        {"no namespace", selection([](S& s) { s.namespaces = Patterns{}; }), "none"},
        {"one name", selection([](S& s) { s.names = Patterns{{"web", false}}; }), "all fields=metadata.name=web"},
        {"two names", selection([](S& s) { s.names = Patterns{{"a", false}, {"b", false}}; }), "all"},
        {"a wild name", selection([](S& s) { s.names = Patterns{{"a*", true}}; }), "all"},
        {"no name", selection([](S& s) { s.names = Patterns{}; }), "none"},
        {"a label that is there", selection([](S& s) { s.labels = {{"k", Presence::there, {}}}; }), "all labels=k"},
        {"a label that is not", selection([](S& s) { s.labels = {{"k", Presence::not_there, {}}}; }), "all labels=!k"},
        {"a label's value", selection([](S& s) { s.labels = {{"k", Presence::any_of, {{"v", false}}}}; }),
         "all labels=k=v"},
        {"a label's values",
         selection([](S& s) { s.labels = {{"k", Presence::any_of, {{"v", false}, {"w", false}}}}; }),
         "all labels=k in (v,w)"},
        {"a wild value: there at least", selection([](S& s) { s.labels = {{"k", Presence::any_of, {{"v*", true}}}}; }),
         "all labels=k"},
        {"an annotation is matched here", selection([](S& s) { s.annotations = {{"k", Presence::there, {}}}; }), "all"},
        {"a selector", selection([](S& s) { s.selector = kube::Selector::parse("a=b,!c").value(); }),
         "all labels=a=b,!c"},
        {"all of it", selection([](S& s) {
             s.namespaces = Patterns{{"a", false}, {"b", false}};
             s.names = Patterns{{"web", false}};
             s.labels = {{"k", Presence::there, {}}};
             s.selector = kube::Selector::parse("x").value();
         }),
         "a labels=k,x fields=metadata.name=web | b labels=k,x fields=metadata.name=web"},
        {"no value", selection([](S& s) { s.labels = {{"k", Presence::any_of, {}}}; }), "none"},
        {"a value that no label can have",
         selection([](S& s) { s.labels = {{"k", Presence::any_of, {{"a b", false}}}}; }), "none"},
        {"one value that a label can have",
         selection([](S& s) { s.labels = {{"k", Presence::any_of, {{std::string(64, 'a'), false}, {"v", false}}}}; }),
         "all labels=k=v"},
        {"the empty value", selection([](S& s) { s.labels = {{"k", Presence::any_of, {{"", false}}}}; }),
         "all labels=k="},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(words(scopes_of(row.selection, config_maps)) == row.scopes);
    }
}

TEST_CASE("a kind without namespaces is watched whole") {
    const auto named = selection([](auto& s) { s.namespaces = std::vector<policy::Pattern>{{"a", false}}; });
    CHECK(words(scopes_of(named, namespaces)) == "all");
}
