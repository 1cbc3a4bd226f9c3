#include "status/readings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include <prometheus/check_names.h>

namespace moontide::status {

namespace {

struct Row {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view help;
};

constexpr auto gauge = prometheus::MetricType::Gauge;
constexpr auto counter = prometheus::MetricType::Counter;

constexpr std::array table{
    Row{"moontide_copies", gauge, "Copies by policy and state: synced, pending, refused, failed."},
    Row{"moontide_sources", gauge, "Sources that a policy selects."},
    Row{"moontide_paused", gauge, "Plans that wait for a yes because too much vanished at once."},
    Row{"moontide_watch_staleness_seconds", gauge, "Time since the server last said anything on a watch."},
    Row{"moontide_watch_synced", gauge, "1 once a watch has delivered a whole list."},
    Row{"moontide_watch_relists_total", counter, "Lists that a watch asked for after its first."},
    Row{"moontide_cache_objects", gauge, "Objects held."},
    Row{"moontide_cache_bytes", gauge, "Bytes of JSON held."},
    Row{"leader_election_master_status", gauge, "1 while this replica leads, else 0."},
    Row{"moontide_units", gauge, "Units known: sources and groups, with copies or without."},
    Row{"moontide_names", gauge, "Names of namespaces and copies that are kept as numbers."},
    Row{"moontide_writes_in_flight", gauge, "Writes that wait for their answer."},
    Row{"moontide_writes_in_flight_limit", gauge, "How many writes may be under way at once at this moment."},
    Row{"workqueue_depth", gauge, "Keys that wait to be worked on."},
    Row{"workqueue_unfinished_work_seconds", gauge, "Time spent so far on keys that are being worked on."},
    Row{"workqueue_longest_running_processor_seconds", gauge, "The longest time that a key under way has taken."},
};

}  // namespace

std::vector<prometheus::MetricFamily> families_of(std::vector<Reading> readings) {
    using Labels = std::vector<prometheus::ClientMetric::Label>;
    std::map<std::string, std::map<Labels, double>> by_name;
    for (auto& reading : readings) {
        if (!prometheus::CheckMetricName(reading.name)) continue;
        Labels labels;
        for (auto& [name, value] : reading.labels) labels.push_back({std::move(name), std::move(value)});
        const auto [place, fresh] = by_name[reading.name].emplace(std::move(labels), reading.value);
        if (!fresh) place->second = std::max(place->second, reading.value);
    }
    std::vector<prometheus::MetricFamily> families;
    for (auto& [name, series] : by_name) {
        const auto row = std::ranges::find(table, name, &Row::name);
        const auto type = row == table.end() ? gauge : row->type;
        prometheus::MetricFamily family{name, row == table.end() ? std::string() : std::string(row->help), type, {}};
        for (const auto& [labels, value] : series) {
            prometheus::ClientMetric metric;
            metric.label = labels;
            metric.counter.value = value;
            metric.gauge.value = value;
            family.metric.push_back(std::move(metric));
        }
        families.push_back(std::move(family));
    }
    return families;
}

}  // namespace moontide::status
