#include "status/metrics.hpp"

#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using status::Metrics;

namespace {

bool has_line(const std::string& page, const std::string& line) {
    return page.starts_with(line + "\n") || page.find("\n" + line + "\n") != std::string::npos;
}

std::size_t count(const std::string& page, const std::string& text) {
    std::size_t found = 0;
    for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("the page has each thing that was counted, under its usual name") {
    Metrics metrics;
    metrics.request("GET", "10.0.0.1:6443", 200, Milliseconds(3));
    metrics.request("GET", "10.0.0.1:6443", 200, Milliseconds(3));
    metrics.request("POST", "10.0.0.1:6443", 0, Milliseconds(3));
    metrics.queue_added("annotation-sync");
    metrics.queue_retried("annotation-sync");
    metrics.queue_waited("annotation-sync", std::chrono::microseconds(50));
    metrics.queue_worked("annotation-sync", std::chrono::microseconds(50));
    metrics.reconciled("annotation-sync", "unit", std::chrono::microseconds(20), false);
    metrics.reconciled("annotation-sync", "spot", std::chrono::microseconds(20), true);
    metrics.error("annotation-sync", "Forbidden");
    metrics.step("annotation-sync", "create", "done");
    metrics.refused("annotation-sync", "Exists");
    metrics.audit_difference("annotation-sync");
    const auto page = metrics.page();
    const std::vector<std::string> lines{
        R"(rest_client_requests_total{code="200",host="10.0.0.1:6443",method="GET"} 2)",
        R"(rest_client_requests_total{code="<error>",host="10.0.0.1:6443",method="POST"} 1)",
        R"(rest_client_request_duration_seconds_bucket{host="10.0.0.1:6443",verb="GET",le="0.005"} 2)",
        R"(rest_client_request_duration_seconds_count{host="10.0.0.1:6443",verb="GET"} 2)",
        R"(workqueue_adds_total{name="annotation-sync"} 1)",
        R"(workqueue_retries_total{name="annotation-sync"} 1)",
        R"(workqueue_queue_duration_seconds_count{name="annotation-sync"} 1)",
        R"(workqueue_work_duration_seconds_count{name="annotation-sync"} 1)",
        R"(moontide_reconcile_seconds_count{kind="spot",policy="annotation-sync"} 1)",
        R"(moontide_errors_total{policy="annotation-sync",reason="EvaluationFailed"} 1)",
        R"(moontide_errors_total{policy="annotation-sync",reason="Forbidden"} 1)",
        R"(moontide_steps_total{policy="annotation-sync",result="done",step="create"} 1)",
        R"(moontide_refused_total{policy="annotation-sync",reason="Exists"} 1)",
        R"(moontide_audit_differences_total{policy="annotation-sync"} 1)",
    };
    for (const auto& line : lines) {
        INFO(line << "\n" << page);
        CHECK(has_line(page, line));
    }
    for (const std::string name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
          "process_start_time_seconds", "process_max_fds", R"(moontide_build_info{version=)"}) {
        INFO(name);
        CHECK(page.find("\n" + name) != std::string::npos);
    }
}

TEST_CASE("a metric that nothing was counted in is not on the page") {
    CHECK(Metrics().page().find("workqueue_adds_total") == std::string::npos);
}

TEST_CASE("readings are asked for when the page is read, with the type of the table") {
    Metrics metrics;
    double depth = 3;
    metrics.readings([&depth] { return std::vector<status::Reading>{{"workqueue_depth", {{"name", "p"}}, depth}}; });
    CHECK(has_line(metrics.page(), R"(workqueue_depth{name="p"} 3)"));
    depth = 4;
    CHECK(has_line(metrics.page(), R"(workqueue_depth{name="p"} 4)"));
    CHECK(has_line(metrics.page(), "# TYPE workqueue_depth gauge"));
    metrics.readings({});
    CHECK(metrics.page().find("workqueue_depth") == std::string::npos);
}

TEST_CASE("several sources give readings, and one taken away leaves the others") {
    Metrics metrics;
    metrics.readings(
        [] { return std::vector<status::Reading>{{"moontide_watch_relists_total", {{"watch", "a"}}, 1}}; });
    metrics.readings("copies", [] {
        return std::vector<status::Reading>{{"moontide_copies", {{"policy", "p"}, {"state", "synced"}}, 7}};
    });
    CHECK(has_line(metrics.page(), R"(moontide_watch_relists_total{watch="a"} 1)"));
    CHECK(has_line(metrics.page(), R"(moontide_copies{policy="p",state="synced"} 7)"));
    CHECK(has_line(metrics.page(), "# TYPE moontide_watch_relists_total counter"));
    metrics.readings("copies", {});
    CHECK(has_line(metrics.page(), R"(moontide_watch_relists_total{watch="a"} 1)"));
    CHECK(metrics.page().find("moontide_copies{") == std::string::npos);
}

TEST_CASE("a series that is read twice stands on the page once, with the larger value") {
    Metrics metrics;
    const auto stale = [](double value) {
        return status::Reading{"moontide_watch_staleness_seconds", {{"watch", "pods"}}, value};
    };
    metrics.readings([&] { return std::vector{stale(2), stale(90), stale(5)}; });
    const auto page = metrics.page();
    CHECK(has_line(page, R"(moontide_watch_staleness_seconds{watch="pods"} 90)"));
    CHECK(count(page, "moontide_watch_staleness_seconds{") == 1);
}

TEST_CASE("label values that would break a line are escaped") {
    Metrics metrics;
    metrics.refused("p", "say \"no\"\nnow");
    CHECK(has_line(metrics.page(), R"(moontide_refused_total{policy="p",reason="say \"no\"\nnow"} 1)"));
}

TEST_CASE("counting from several threads loses nothing") {
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&metrics] {
                for (int turn = 0; turn < 1'000; ++turn) metrics.queue_added(turn % 2 == 0 ? "even" : "odd");
            });
        }
    }
    CHECK(has_line(metrics.page(), R"(workqueue_adds_total{name="even"} 2000)"));
}
