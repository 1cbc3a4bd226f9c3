#include "status/gathering.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using status::Gathering;
using Names = std::vector<std::string>;

TEST_CASE("a namespace is synced where every copy in it is, and failed where one is not") {
    Gathering gathering(Gathering::Lists::filled);
    gathering.source("infra", "b", "2026-01-01T00:00:02Z");
    gathering.synced("apps");
    gathering.synced("web");
    gathering.synced("data");
    gathering.source("infra", "a", "2026-01-01T00:00:01Z");
    gathering.synced("apps");
    gathering.failed("web", "ConfigMap", "a", "AlreadyExists", "exists and is not Moontide's");
    gathering.pending("data");
    const auto report = gathering.take();

    CHECK(report.wanted == 6);
    CHECK(report.pending == 1);
    CHECK(report.failed_copies == 1);
    CHECK(report.synced == Names{"apps"});
    CHECK(report.failed == Names{"web"});
    REQUIRE(report.failures.size() == 1);
    CHECK(report.failures.front().name == "a");
    REQUIRE(report.sources.size() == 2);
    CHECK(report.sources[0].name == "a");
    CHECK(report.sources[0].synced == Names{"apps"});
    CHECK(report.sources[1].synced == Names{"apps", "data", "web"});
    CHECK(report.changed == "2026-01-01T00:00:02Z");
}

TEST_CASE("of many failures the first are named, by namespace, and all are counted") {
    std::vector<std::string> namespaces;
    for (int number = 999; number >= 0; --number) namespaces.push_back("n" + std::to_string(1000 + number));
    Gathering gathering(Gathering::Lists::left_out);
    for (const auto& name : namespaces) gathering.failed(name, "ConfigMap", "ca", "NamespaceNotFound", "is not there");
    const auto report = gathering.take();
    CHECK(report.failed.size() == 1000);
    CHECK(report.failed_copies == 1000);
    REQUIRE(report.failures.size() == policy::Report::most_failures);
    CHECK(report.failures.front().namespace_name == "n1000");
    CHECK(report.failures.back().namespace_name == "n1019");
}

TEST_CASE("without lists copies are counted and not named") {
    Gathering gathering(Gathering::Lists::left_out);
    gathering.source("infra", "a", std::nullopt);
    gathering.synced("apps");
    gathering.waiting("source.labels.team is missing");
    gathering.missing("ConfigMap infra/b does not exist");
    gathering.missing("ConfigMap infra/b does not exist");
    gathering.held_by("ConfigMapSyncer default/other");
    const auto report = gathering.take();
    CHECK(report.wanted == 1);
    CHECK(report.synced.empty());
    CHECK(report.waiting == Names{"ConfigMap infra/b does not exist", "source.labels.team is missing"});
    CHECK(report.missing == Names{"ConfigMap infra/b does not exist"});
    CHECK(report.holders == Names{"ConfigMapSyncer default/other"});
    CHECK(!report.changed);
}

TEST_CASE("policies read a report by the names of the design, and what is unknown is absent") {
    policy::Report report;
    report.wanted = 2;
    report.synced = {"apps"};
    report.sources = {{"infra", "ca", {"apps"}, "2026-01-01T00:00:01Z"}};
    report.failures = {{"web", "ConfigMap", "ca", "Forbidden", "no"}};
    report.store = policy::Report::Store{.connected = true, .last_sync_time = "2026-01-01T00:00:03Z", .message = "ok"};
    CHECK(policy::to_json(report) == nlohmann::json::parse(R"({
        "wanted": 2, "synced": ["apps"], "failed": [], "waiting": [],
        "failures": [{"namespace": "web", "kind": "ConfigMap", "name": "ca", "reason": "Forbidden", "message": "no"}],
        "sources": [{"namespace": "infra", "name": "ca", "synced": ["apps"], "changed": "2026-01-01T00:00:01Z"}],
        "store": {"connected": true, "lastSyncTime": "2026-01-01T00:00:03Z", "message": "ok"}})"));
}
