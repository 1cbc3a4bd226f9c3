#include "status/conditions.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using Json = nlohmann::json;
using Phase = policy::Report::Phase;

namespace {

const WallTime noon{std::chrono::seconds(1'700'000'000)};  // 2023-11-14T22:13:20Z
const WallTime later = noon + std::chrono::seconds(60);

policy::Report report(std::size_t wanted) {
    policy::Report made;
    made.generation = 3;
    made.wanted = wanted;
    return made;
}

Json condition(const Json& status, const std::string& type) {
    for (const auto& one : status["conditions"]) {
        if (one["type"] == type) return one;
    }
    return nullptr;
}

Json status_now(const policy::Report& made, const Json& previous = nullptr, const status::Said& said = {}) {
    return status::status_of(made, said, previous, {}, noon);
}

}  // namespace

TEST_CASE("Ready says what a pass came to, and names what failed") {
    struct Row {
        const char* title;
        policy::Report report;
        const char* status;
        const char* reason;
        const char* message;
    };
    std::vector<Row> rows;
    rows.push_back({"all is well", report(1), "True", "SyncSuccessful", "1 copy is as wanted"});
    auto many = report(12);
    many.sources.resize(3);
    rows.push_back({"of several sources", many, "True", "SyncSuccessful", "12 copies of 3 sources are as wanted"});
    auto failed = report(4);
    failed.failed_copies = 2;
    failed.failures = {{"apps", "ConfigMap", "ca", "AlreadyExists", "exists and is not Moontide's"},
                       {"web", "ConfigMap", "ca", "NamespaceNotFound", "the namespace does not exist"}};
    rows.push_back({"some failed", failed, "False", "SyncPartiallyFailed",
                    "2 of 4 copies: ConfigMap apps/ca: exists and is not Moontide's; ConfigMap web/ca: the namespace "
                    "does not exist"});
    failed.wanted = 1000;
    failed.failed_copies = 1000;
    rows.push_back({"very many failed", failed, "False", "SyncPartiallyFailed",
                    "1000 of 1000 copies: ConfigMap apps/ca: exists and is not Moontide's; ConfigMap web/ca: the "
                    "namespace does not exist; and 998 more"});
    auto missing = report(0);
    missing.waiting = {"ConfigMap infra/ca does not exist"};
    missing.missing = missing.waiting;
    missing.waiting.push_back("source.labels.team is missing");
    rows.push_back(
        {"the source is not there", missing, "False", "SourceNotFound", "ConfigMap infra/ca does not exist"});
    missing.missing.clear();
    missing.waiting = {"owner.spec.targetNamespaces is missing"};
    rows.push_back({"something is awaited", missing, "False", "Waiting", "owner.spec.targetNamespaces is missing"});
    missing.wanted = 1;
    rows.push_back({"one selection selects nothing, another does", missing, "True", "SyncSuccessful",
                    "1 copy is as wanted; awaited: owner.spec.targetNamespaces is missing"});
    rows.push_back({"nothing is selected", report(0), "True", "SyncSuccessful", "0 copies are as wanted"});
    auto broken = report(2);
    broken.error = "policy.lua:3: 'into': an error";
    rows.push_back({"the policy errs", broken, "False", "EvaluationFailed", "policy.lua:3: 'into': an error"});
    auto going = report(2);
    going.phase = Phase::deleting;
    going.waiting = {"ConfigMap web/ca is held by its finalizer"};
    rows.push_back({"it is being deleted", going, "False", "Deleting",
                    "it is being deleted; ConfigMap web/ca is held by its finalizer"});
    auto working = report(2);
    working.phase = Phase::working;
    rows.push_back({"the first pass is under way", working, "Unknown", "Progressing", "what it asks for is looked up"});
    for (const auto& row : rows) {
        INFO(row.title);
        const auto status = status_now(row.report);
        const auto ready = condition(status, "Ready");
        CHECK(ready["status"] == row.status);
        CHECK(ready["reason"] == row.reason);
        CHECK(ready["message"] == row.message);
        CHECK(ready["observedGeneration"] == 3);
        CHECK(ready["lastTransitionTime"] == "2023-11-14T22:13:20Z");
    }
}

TEST_CASE("Stalled is there while only a change of the inputs helps, Reconciling while a pass is under way") {
    auto made = report(4);
    CHECK(condition(status_now(made), "Stalled").is_null());
    CHECK(condition(status_now(made), "Reconciling").is_null());
    made.error = "policy.lua:3: an error";
    CHECK(condition(status_now(made), "Stalled")["message"] == made.error);
    made.error.clear();
    CHECK(condition(status_now(made, nullptr, {.error = "policy.lua:9: an error"}), "Stalled")["reason"] ==
          "StatusFailed");
    made.phase = Phase::working;
    made.pending = 3;
    CHECK(condition(status_now(made), "Reconciling")["message"] == "3 of 4 copies on their way");
}

TEST_CASE("observedGeneration moves when its generation was worked through, and fields stay until then") {
    auto made = report(1);
    const auto settled = status_now(made, nullptr, {.fields = {{"syncedNamespaces", {"a", "b"}}}});
    CHECK(settled["observedGeneration"] == 3);
    made.generation = 4;
    made.phase = Phase::working;
    const auto working = status_now(made, settled);
    CHECK(working["observedGeneration"] == 3);
    CHECK(working["syncedNamespaces"] == settled["syncedNamespaces"]);
    CHECK(condition(working, "Ready")["status"] == "True");
    CHECK(condition(working, "Ready")["lastTransitionTime"] == condition(settled, "Ready")["lastTransitionTime"]);
    CHECK(condition(working, "Reconciling")["observedGeneration"] == 4);
    made.phase = Phase::settled;
    const auto again = status_now(made, working);
    CHECK(again["observedGeneration"] == 4);
    CHECK_FALSE(again.contains("syncedNamespaces"));
    CHECK(condition(again, "Reconciling").is_null());
}

TEST_CASE("a status function that errs leaves the last fields, and the conditions tell the truth") {
    auto made = report(1);
    const auto settled = status_now(made, nullptr, {.fields = {{"syncedNamespaces", {"a"}}}});
    made.generation = 5;
    const auto status = status_now(made, settled, {.error = "policy.lua:9: an error"});
    CHECK(status["syncedNamespaces"] == Json{"a"});
    CHECK(status["observedGeneration"] == 5);
    CHECK(condition(status, "Ready")["status"] == "True");
}

TEST_CASE("lastTransitionTime moves with the status alone") {
    auto made = report(1);
    const auto first = status_now(made);
    made.wanted = 2;
    const auto second = status::status_of(made, {}, first, {}, later);
    CHECK(condition(second, "Ready")["message"] == "2 copies are as wanted");
    CHECK(condition(second, "Ready")["lastTransitionTime"] == "2023-11-14T22:13:20Z");
    made.failed_copies = 1;
    const auto third = status::status_of(made, {}, second, {}, later);
    CHECK(condition(third, "Ready")["lastTransitionTime"] == "2023-11-14T22:14:20Z");
    // A policy that has the last word on the status has it on the time too, but never names it itself.
    const status::Said said{
        .fields = Json::parse(
            R"({"conditions": [{"type": "Ready", "status": true, "lastTransitionTime": "1999-01-01T00:00:00Z"}]})")};
    const auto fourth = status::status_of(made, said, second, {}, later);
    CHECK(condition(fourth, "Ready")["status"] == "True");
    CHECK(condition(fourth, "Ready")["lastTransitionTime"] == "2023-11-14T22:13:20Z");
}

TEST_CASE("a policy's conditions lie over ours field by field, and its own have every field") {
    auto made = report(2);
    const status::Said said{.fields = Json::parse(R"({"conditions": [
        {"type": "Ready", "reason": "SyncPartiallyFailed"},
        {"type": "Warm", "status": "True", "message": "it is"}]})")};
    const auto status = status_now(made, nullptr, said);
    CHECK(condition(status, "Ready")["reason"] == "SyncPartiallyFailed");
    CHECK(condition(status, "Ready")["message"] == "2 copies are as wanted");
    CHECK(condition(status, "Warm") == Json::parse(R"({"type": "Warm", "status": "True", "reason": "Warm",
        "message": "it is", "observedGeneration": 3, "lastTransitionTime": "2023-11-14T22:13:20Z"})"));
    CHECK(status::condition_types(status) == std::set<std::string>{"Ready", "Warm"});
}

TEST_CASE("conditions of other controllers stay, ours go when they are over") {
    const auto previous = Json::parse(R"({"conditions": [
        {"type": "Audited", "status": "True", "reason": "Yes", "message": "", "lastTransitionTime": "2020-01-01T00:00:00Z"},
        {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": ""},
        {"type": "DatabaseReady", "status": "False", "reason": "Away", "message": ""},
        {"type": "Warm", "status": "True", "reason": "Warm", "message": ""}]})");
    const auto status = status::status_of(report(1), {}, previous, {"Warm"}, noon);
    CHECK(status::condition_types(status) == std::set<std::string>{"Audited", "Ready"});
    CHECK(condition(status, "Audited") == previous["conditions"][0]);
    auto working = report(1);
    working.phase = Phase::working;
    CHECK(status::condition_types(status::status_of(working, {}, previous, {"Warm"}, noon)) ==
          std::set<std::string>{"Audited", "DatabaseReady", "Ready", "Reconciling", "Warm"});
}

TEST_CASE("DatabaseReady is there where the report has a store") {
    auto made = report(1);
    made.store = policy::Report::Store{.connected = false, .reason = "ConnectionFailed", .message = "timed out"};
    CHECK(condition(status_now(made), "DatabaseReady")["status"] == "False");
    made.store = policy::Report::Store{.connected = true};
    CHECK(condition(status_now(made), "DatabaseReady")["reason"] == "Connected");
}

TEST_CASE("the same status is the same in any order, and nothing is nothing") {
    const auto left = Json::parse(R"({"a": 1, "conditions": [{"type": "B", "message": null}, {"type": "A"}]})");
    const auto right = Json::parse(R"({"conditions": [{"type": "A"}, {"type": "B"}], "a": 1})");
    CHECK(status::says_the_same(left, right));
    CHECK(status::says_the_same(nullptr, Json::object()));
    CHECK_FALSE(status::says_the_same(left, Json::object()));
    auto other = right;
    other["conditions"][0]["status"] = "True";
    CHECK_FALSE(status::says_the_same(left, other));
}

TEST_CASE("a status that is made twice from the same report is the same") {
    auto made = report(7);
    made.failed_copies = 1;
    made.failures = {{"apps", "ConfigMap", "ca", "AlreadyExists", "exists"}};
    const status::Said said{.fields = {{"syncedNamespaces", {"a", "b"}}, {"nothing", nullptr}}};
    const auto first = status_now(made, nullptr, said);
    CHECK(status::says_the_same(first, status::status_of(made, said, first, {}, later)));
}

TEST_CASE("a status that etcd would refuse is cut to its first names, and Ready counts them") {
    auto made = report(20'000);
    Json fields = Json::object();
    for (int number = 0; number < 20'000; ++number) {
        fields["syncedNamespaces"].push_back("a-rather-long-namespace-name-" + std::to_string(10'000 + number));
        if (number < 300) fields["failedNamespaces"].push_back("f" + std::to_string(number));
    }
    const auto status = status_now(made, nullptr, {.fields = fields});
    CHECK(status.dump().size() <= status::most_status_bytes);
    CHECK(status.dump().size() > status::most_status_bytes * 9 / 10);
    CHECK(status["failedNamespaces"].size() == 300);
    CHECK(status["syncedNamespaces"][0] == fields["syncedNamespaces"][0]);
    CHECK(condition(status, "Ready")["message"] == "20000 copies are as wanted; syncedNamespaces has the first " +
                                                       std::to_string(status["syncedNamespaces"].size()) + " of 20000");
    // Cut the same way each time: what did not change is not written.
    CHECK(status::says_the_same(status, status_now(made, status, {.fields = fields})));
}

TEST_CASE("what is no list and too long is left out and named") {
    const status::Said said{.fields = {{"text", std::string(400 * 1024, 'x')}, {"short", "y"}}};
    const auto status = status_now(report(1), nullptr, said);
    CHECK_FALSE(status.contains("text"));
    CHECK(status["short"] == "y");
    CHECK(condition(status, "Ready")["message"] == "1 copy is as wanted; text is left out, it is too long");
}

TEST_CASE("300 names are whole") {
    Json fields = Json::object();
    for (int number = 0; number < 300; ++number)
        fields["syncedNamespaces"].push_back(std::string(60, 'a') + std::to_string(number));
    CHECK(status_now(report(300), nullptr, {.fields = fields})["syncedNamespaces"].size() == 300);
}
