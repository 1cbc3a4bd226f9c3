// Cases of a policy whose work is asked for by owners.
#include "bindings/case_file.hpp"
#include "bindings/case_run.hpp"
#include "bindings/load.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::bindings;

namespace {

const char* copier = R"lua(
return {
  api    = "moontide/v1",
  owner  = { apiVersion = "example.com/v1", kind = "Copier", where = function(on) return on.owner.spec.off ~= true end },
  from   = { kind = "ConfigMap", namespace = "{owner.spec.from}", name = "{owner.spec.name}" },
  into   = { { namespace = "{owner.spec.to}" }, { labels = "{owner.spec.labels}" } },
  labels = { by = "{owner.namespace}.{owner.name}" },
  data   = { owner = "{owner.name}", source = "{source.name}" },
  existing = "{owner.spec.existing|marked}",
})lua";

CaseOutcome outcome_of(const std::string& given) {
    PolicyText text;
    text.name = "copier";
    text.file = "p.lua";
    text.text = copier;
    const auto policy = load(text);
    REQUIRE(policy);
    const auto cases = read_cases("title: one\nwant: []\ngiven:\n" + given, "cases/a.yaml");
    REQUIRE(cases);
    return run_case(**policy, cases->front());
}

const std::string around =
    "  - {kind: ConfigMap, namespace: infra, name: web}\n"
    "  - {kind: ConfigMap, namespace: infra, name: other}\n"
    "  - {kind: Namespace, name: blue, labels: {team: blue}}\n"
    "  - {kind: Namespace, name: red}\n";

std::string copier_named(const std::string& name, const std::string& spec) {
    return "  - {apiVersion: example.com/v1, kind: Copier, namespace: home, name: " + name + ", spec: {" + spec +
           "}}\n";
}

}  // namespace

TEST_CASE("each owner asks for copies of its own sources") {
    const auto outcome =
        outcome_of(around + copier_named("a", "from: infra, name: web, to: [red], labels: {team: blue}") +
                   copier_named("b", "from: infra, name: other, to: [red, absent]"));
    CHECK(outcome.errors.empty());
    REQUIRE(outcome.copies.size() == 3);
    CHECK(outcome.copies[0].at("namespace") == "blue");
    CHECK(outcome.copies[0].at("labels") == Json({{"by", "home.a"}}));
    CHECK(outcome.copies[0].at("data") == Json({{"owner", "a"}, {"source", "web"}}));
    CHECK(outcome.copies[1].at("data") == Json({{"owner", "b"}, {"source", "other"}}));
    CHECK(outcome.copies[2].at("data") == Json({{"owner", "a"}, {"source", "web"}}));
    REQUIRE(outcome.refusals.size() == 1);
    CHECK(outcome.refusals[0].reason == "NamespaceNotFound");
    CHECK(outcome.waiting == std::vector<std::string>{"owner.spec.labels is missing"});
}

TEST_CASE("an owner that is turned off by its policy, or being deleted, asks for nothing") {
    CHECK(outcome_of(around + copier_named("a", "from: infra, name: web, to: [red], off: true")).copies.empty());
    CHECK(outcome_of(around + "  - {apiVersion: example.com/v1, kind: Copier, metadata: {namespace: home, name: a, "
                              "deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [a/b]}, "
                              "spec: {from: infra, name: web, to: [red]}}\n")
              .copies.empty());
}

TEST_CASE("what an owner's selection waits for is told, and others go on") {
    const auto outcome = outcome_of(around + copier_named("a", "from: infra") +
                                    copier_named("b", "from: infra, name: other, to: [red], labels: {}"));
    CHECK(outcome.waiting == std::vector<std::string>{"owner.spec.name is missing"});
    CHECK(outcome.copies.size() == 2);
}

TEST_CASE("a copy with the marks is no source") {
    CHECK(outcome_of(copier_named("a", "from: infra, name: web, to: [red], labels: {team: none}") +
                     "  - {kind: Namespace, name: red}\n"
                     "  - {kind: ConfigMap, namespace: infra, name: web, labels: {by: home.z}}\n")
              .copies.empty());
}
