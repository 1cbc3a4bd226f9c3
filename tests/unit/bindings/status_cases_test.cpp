// Cases that say what an owner is told.
#include "bindings/case_file.hpp"
#include "bindings/case_report.hpp"
#include "bindings/case_run.hpp"
#include "bindings/load.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::bindings;

namespace {

const char* copier = R"lua(
return {
  api    = "moontide/v1",
  owner  = { apiVersion = "example.com/v1", kind = "Copier" },
  from   = { kind = "ConfigMap", namespace = "infra", name = "{owner.spec.name}" },
  into   = { namespace = "{owner.spec.to}" },
  status = function(on)
    if on.owner.spec.broken then return on.owner.spec.broken.more.still end
    return { synced = on.report.synced, failed = on.report.failed, last = on.report.changed,
             conditions = { { type = "Warm", status = #on.report.failed == 0 } } }
  end,
})lua";

const std::string given =
    "given:\n"
    "  - {kind: ConfigMap, namespace: infra, name: web}\n"
    "  - {kind: Namespace, name: blue}\n"
    "  - {apiVersion: example.com/v1, kind: Copier, namespace: home, name: a, generation: 4, spec: {name: web, to: "
    "[blue]}}\n"
    "  - {apiVersion: example.com/v1, kind: Copier, namespace: home, name: b, spec: {name: gone, to: [blue]}}\n"
    "  - {apiVersion: example.com/v1, kind: Copier, namespace: home, name: c, spec: {name: web, to: [absent]}}\n";

std::vector<std::string> differing(const std::string& status, const std::string& more = "") {
    const auto policy = load({"copier", "p.lua", copier, "", {}, false});
    REQUIRE(policy);
    const auto cases = read_cases(
        "title: one\nwant: [{kind: ConfigMap, namespace: blue, name: web}]\n" + given + more + "status:\n" + status,
        "cases/a.yaml");
    if (!cases) return {cases.error().message};
    return differences(cases->front(), run_case(**policy, cases->front()));
}

}  // namespace

TEST_CASE("a case says what the statuses of its owners have, and no more needs to be said") {
    CHECK(differing(
              "  - owner: home/a\n"
              "    synced: [blue]\n"
              "    failed: []\n"
              "    last: 2026-01-01T00:00:00Z\n"
              "    observedGeneration: 4\n"
              "    conditions: [{type: Ready, status: 'True', reason: SyncSuccessful}, {type: Warm, status: 'True'}]\n"
              "  - owner: home/b\n"
              "    conditions: [{type: Ready, reason: SourceNotFound, message: ConfigMap infra/gone does not exist}]\n"
              "  - owner: home/c\n"
              "    failed: [absent]\n"
              "    conditions: [{type: Ready, reason: SyncPartiallyFailed}, {type: Warm, status: 'False'}]\n") ==
          std::vector<std::string>());
}

TEST_CASE("a status that differs is shown field by field") {
    const auto lines = differing(
        "  - owner: home/a\n"
        "    synced: [red]\n"
        "    other: 5\n"
        "    conditions: [{type: Ready, reason: Never}, {type: Cold}]\n");
    CHECK(std::vector<std::string>(lines.begin(), lines.begin() + std::min<std::ptrdiff_t>(7, lines.size())) ==
          std::vector<std::string>{
              "the status of home/a differs (- wanted, + made):", R"(    - conditions["Ready"].reason: "Never")",
              R"(    + conditions["Ready"].reason: "SyncSuccessful")", R"(    - conditions: {"type":"Cold"})",
              "    - other: 5", R"(    - synced: ["red"])", R"(    + synced: ["blue"])"});
    CHECK(differing("  - owner: home/z\n    a: 1\n").front() == "a status is expected, and there is no owner home/z");
    CHECK(differing("  - synced: [blue]\n").front().find("of several statuses each names its 'owner'") !=
          std::string::npos);
}

TEST_CASE("a status function that fails is an error of the case") {
    const auto lines = differing("  - {owner: home/a, synced: [blue]}\n",
                                 "  - {apiVersion: example.com/v1, kind: Copier, namespace: home, name: d, "
                                 "spec: {broken: {a: 1}, name: web, to: []}}\n");
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.front().find("attempt to index") != std::string::npos);
}
