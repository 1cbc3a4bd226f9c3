// What the kernel says of this process, under the names that every Prometheus client library gives it.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace moontide::status {

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
/// process_max_fds, process_start_time_seconds; what /proc does not tell is left out. Any thread.
/// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace moontide::status
