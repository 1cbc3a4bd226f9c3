#include "status/metrics.hpp"

#include "status/labelled.hpp"
#include "status/process.hpp"
#include "status/readings.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace moontide::status {

namespace {

using prometheus::Counter;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

/// client-go's, with one more at the fast end.
const Buckets request_buckets{0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
/// controller-runtime's: each ten times the one before.
const Buckets queue_buckets{1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};
const Buckets reconcile_buckets{1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1, 5, 10};

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

template <std::size_t Count>
Labelled<Counter, Count> counters(prometheus::Registry& registry, const char* name, const char* help,
                                  std::array<std::string, Count> labels) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    return {family, std::move(labels), [](auto& from, const auto& values) -> Counter& { return from.Add(values); }};
}

template <std::size_t Count>
Labelled<Histogram, Count> histograms(prometheus::Registry& registry, const char* name, const char* help,
                                      std::array<std::string, Count> labels, const Buckets& buckets) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    return {family, std::move(labels),
            [&buckets](auto& from, const auto& values) -> Histogram& { return from.Add(values, buckets); }};
}

}  // namespace

struct Metrics::Implementation {
    prometheus::Registry registry;

    Labelled<Counter, 3> requests =
        counters<3>(registry, "rest_client_requests_total", "Requests to API servers; code <error> is no answer.",
                    {"code", "method", "host"});
    Labelled<Histogram, 2> request_durations =
        histograms<2>(registry, "rest_client_request_duration_seconds", "Time until an API server's answer.",
                      {"verb", "host"}, request_buckets);
    Labelled<Counter, 1> adds = counters<1>(registry, "workqueue_adds_total", "Keys added to the queue.", {"name"});
    Labelled<Counter, 1> retries =
        counters<1>(registry, "workqueue_retries_total", "Keys added again after a failure.", {"name"});
    Labelled<Histogram, 1> waits = histograms<1>(registry, "workqueue_queue_duration_seconds",
                                                 "Time a key waits before it is worked on.", {"name"}, queue_buckets);
    Labelled<Histogram, 1> works = histograms<1>(registry, "workqueue_work_duration_seconds",
                                                 "Time that work on a key takes.", {"name"}, queue_buckets);
    Labelled<Histogram, 2> reconciles =
        histograms<2>(registry, "moontide_reconcile_seconds", "Time of one evaluation and its plan.",
                      {"policy", "kind"}, reconcile_buckets);
    Labelled<Counter, 2> errors = counters<2>(registry, "moontide_errors_total",
                                              "Evaluations, copies and statuses that failed.", {"policy", "reason"});
    Labelled<Counter, 3> steps = counters<3>(
        registry, "moontide_steps_total", "Steps carried out, by what became of them.", {"policy", "step", "result"});
    Labelled<Counter, 2> refusals =
        counters<2>(registry, "moontide_refused_total", "Targets refused, by reason.", {"policy", "reason"});
    Labelled<Counter, 1> audits = counters<1>(registry, "moontide_audit_differences_total",
                                              "What the hourly check found wrong, each one a bug.", {"policy"});

    mutable std::mutex sources_mutex;
    std::map<std::string, std::function<std::vector<Reading>()>, std::less<>> sources;

    Implementation() {
        prometheus::BuildGauge()
            .Name("moontide_build_info")
            .Help("1, with the version as label.")
            .Register(registry)
            .Add({{"version", MOONTIDE_VERSION}})
            .Set(1);
    }
};

Metrics::Metrics() : self_(std::make_unique<Implementation>()) {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view method, std::string_view host, int status, Milliseconds took) {
    const std::string code = status == 0 ? "<error>" : std::to_string(status);
    self_->requests.with({code, method, host}).Increment();
    self_->request_durations.with({method, host}).Observe(seconds(took));
}

void Metrics::queue_added(std::string_view queue) {
    self_->adds.with({queue}).Increment();
}
void Metrics::queue_retried(std::string_view queue) {
    self_->retries.with({queue}).Increment();
}
void Metrics::queue_waited(std::string_view queue, std::chrono::nanoseconds waited) {
    self_->waits.with({queue}).Observe(seconds(waited));
}
void Metrics::queue_worked(std::string_view queue, std::chrono::nanoseconds worked) {
    self_->works.with({queue}).Observe(seconds(worked));
}

void Metrics::reconciled(std::string_view policy, std::string_view kind, std::chrono::nanoseconds took, bool failed) {
    self_->reconciles.with({policy, kind}).Observe(seconds(took));
    // Made with the first evaluation, so that a rate over it is 0 and not absent while nothing fails.
    self_->errors.with({policy, "EvaluationFailed"}).Increment(failed ? 1 : 0);
}
void Metrics::error(std::string_view policy, std::string_view reason) {
    self_->errors.with({policy, reason}).Increment();
}

void Metrics::step(std::string_view policy, std::string_view step, std::string_view result) {
    self_->steps.with({policy, step, result}).Increment();
}
void Metrics::refused(std::string_view policy, std::string_view reason) {
    self_->refusals.with({policy, reason}).Increment();
}
void Metrics::audit_difference(std::string_view policy) {
    self_->audits.with({policy}).Increment();
}

void Metrics::readings(std::function<std::vector<Reading>()> source) {
    readings({}, std::move(source));
}

void Metrics::readings(std::string_view name, std::function<std::vector<Reading>()> source) {
    std::scoped_lock lock(self_->sources_mutex);
    if (source) {
        self_->sources.insert_or_assign(std::string(name), std::move(source));
    } else if (const auto found = self_->sources.find(name); found != self_->sources.end()) {
        self_->sources.erase(found);
    }
}

std::string Metrics::page() const {
    auto families = self_->registry.Collect();
    std::vector<Reading> asked;
    {
        // Held while the sources run: whoever takes his source away must know that it is not running.
        std::scoped_lock lock(self_->sources_mutex);
        for (const auto& [name, source] : self_->sources) std::ranges::move(source(), std::back_inserter(asked));
    }
    std::ranges::move(families_of(std::move(asked)), std::back_inserter(families));
    std::ranges::move(process_metrics(), std::back_inserter(families));
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
    std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace moontide::status
