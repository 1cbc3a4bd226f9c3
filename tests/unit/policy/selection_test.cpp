// Selections against objects: what each field means alone and together.
#include "policy/selection.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace moontide::policy {
namespace {

const std::string web = R"({"metadata":{"name":"web","namespace":"infra","labels":{"team":"blue","tier":"front"},
    "annotations":{"share":"true","note":"a*b"}}})";

bool selects(const Selection& selection) {
    kube::Reader reader;
    return selection.matches(reader.metadata(web).value());
}

Selection by(auto&& fill) {
    Selection selection;
    fill(selection);
    return selection;
}

using Presence = KeyRule::Presence;

}  // namespace

TEST_CASE("a selection's fields must all hold") {
    struct Row {
        const char* what;
        bool holds;
        Selection selection;
    };
    const std::vector<Row> rows = {
        {"nothing is asked", true, {}},
        {"the namespace", true, by([](auto& s) { s.namespaces = {{"infra", false}}; })},
        {"another namespace", false, by([](auto& s) { s.namespaces = {{"shop", false}}; })},
        {"one of two namespaces", true, by([](auto& s) { s.namespaces = {{"shop", false}, {"infra", false}}; })},
        {"an empty list of namespaces", false, by([](auto& s) { s.namespaces.emplace(); })},
        {"a wild name", true, by([](auto& s) { s.names = {{"w?b*", true}}; })},
        {"the same text, not wild", false, by([](auto& s) { s.names = {{"w?b*", false}}; })},
        {"name and another namespace", false, by([](auto& s) {
             s.names = {{"web", false}};
             s.namespaces = {{"shop", false}};
         })},
        {"a label is there", true, by([](auto& s) { s.labels = {{"team", Presence::there, {}}}; })},
        {"a label that is not there", false, by([](auto& s) { s.labels = {{"owner", Presence::there, {}}}; })},
        {"a label is not there", true, by([](auto& s) { s.labels = {{"owner", Presence::not_there, {}}}; })},
        {"a label is there though it must not", false,
         by([](auto& s) { s.labels = {{"team", Presence::not_there, {}}}; })},
        {"one of a label's values", true,
         by([](auto& s) { s.labels = {{"team", Presence::any_of, {{"red", false}, {"blue", false}}}}; })},
        {"none of a label's values", false, by([](auto& s) { s.labels = {{"team", Presence::any_of, {}}}; })},
        {"an annotation's value", true,
         by([](auto& s) { s.annotations = {{"share", Presence::any_of, {{"true", false}}}}; })},
        {"an annotation's value in capitals", false,
         by([](auto& s) { s.annotations = {{"share", Presence::any_of, {{"True", false}}}}; })},
        {"an annotation is no label", false,
         by([](auto& s) { s.labels = {{"share", Presence::any_of, {{"true", false}}}}; })},
        {"a brought value with a star", true,
         by([](auto& s) { s.annotations = {{"note", Presence::any_of, {{"a*b", false}}}}; })},
        {"a selector", true,
         by([](auto& s) { s.selector = kube::Selector::parse("team in (blue,red),!owner").value(); })},
        {"another selector", false, by([](auto& s) { s.selector = kube::Selector::parse("team=red").value(); })},
        {"the empty selector", true, by([](auto& s) { s.selector = kube::Selector(); })},
        {"an exception that holds", false, by([](auto& s) {
             s.except = {by([](auto& e) { e.names = {{"other", false}}; }),
                         by([](auto& e) { e.names = {{"web", false}}; })};
         })},
        {"an exception that does not hold", true,
         by([](auto& s) { s.except = {by([](auto& e) { e.names = {{"other", false}}; })}; })},
        {"an exception whose function is asked elsewhere", true, by([](auto& s) {
             s.except = {by([](auto& e) {
                 e.names = {{"web", false}};
                 e.where = 0;
             })};
         })},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(selects(row.selection) == row.holds);
    }
}

TEST_CASE("a selection has a function where it or an exception has one") {
    Selection selection;
    CHECK_FALSE(selection.has_where());
    selection.except.emplace_back();
    CHECK_FALSE(selection.has_where());
    selection.except.front().where = 1;
    CHECK(selection.has_where());
    CHECK(by([](auto& s) { s.where = 0; }).has_where());
}

}  // namespace moontide::policy
