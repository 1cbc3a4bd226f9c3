// What Moontide counts, in Prometheus' text format.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::status {

/// A number that is asked for when the page is read: depth of a queue, staleness of a watch.
struct Reading {
    std::string name;  ///< of the metric, as in metrics.cpp's table
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
};

/// Any thread. Names and labels are client-go's and controller-runtime's where those have them, so that dashboards
/// fit; the others begin with moontide_. The table of all is in engine/status/README.md.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// rest_client_requests_total{code,method,host} and rest_client_request_duration_seconds.
    void request(std::string_view method, std::string_view host, int status, Milliseconds took);
    /// workqueue_adds_total, workqueue_retries_total, workqueue_queue_duration_seconds,
    /// workqueue_work_duration_seconds; all {name="<policy>"}.
    void queue_added(std::string_view queue);
    void queue_retried(std::string_view queue);
    void queue_waited(std::string_view queue, std::chrono::nanoseconds waited);
    void queue_worked(std::string_view queue, std::chrono::nanoseconds worked);
    /// moontide_reconcile_seconds{policy,kind="unit|spot|owner|settled|as_told"}; what failed is an error of reason
    /// EvaluationFailed.
    void reconciled(std::string_view policy, std::string_view kind, std::chrono::nanoseconds took, bool failed);
    /// moontide_steps_total{policy,step="create|replace|apply|release|delete",result="done|dropped|conflict|failed"}.
    void step(std::string_view policy, std::string_view step, std::string_view result);
    /// moontide_errors_total{policy,reason}: evaluations, copies and statuses that failed.
    void error(std::string_view policy, std::string_view reason);
    /// moontide_refused_total{policy,reason}.
    void refused(std::string_view policy, std::string_view reason);
    /// moontide_audit_differences_total{policy}: what the hourly check found wrong, each one a bug.
    void audit_difference(std::string_view policy);

    /// Asked each time the page is read: moontide_copies{policy,state}, workqueue_depth{name},
    /// moontide_watch_staleness_seconds{watch}, moontide_watch_relists_total{watch}, moontide_paused{policy} and the
    /// like. The function must not call back into Metrics. An empty one takes the source away.
    void readings(std::function<std::vector<Reading>()> source);
    /// The same for a further source, told apart by its name, so that several may give readings. When the call
    /// returns, the source that was there before is not running and is not asked any more.
    void readings(std::string_view name, std::function<std::vector<Reading>()> source);

    /// The page, with the process's own metrics (process_cpu_seconds_total, process_resident_memory_bytes,
    /// process_open_fds, process_start_time_seconds) and moontide_build_info{version}.
    std::string page() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::status
