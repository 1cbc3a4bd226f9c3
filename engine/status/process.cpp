#include "status/process.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace moontide::status {

namespace {

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type, double value) {
    prometheus::ClientMetric metric;
    if (type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    return {name, help, type, {metric}};
}

/// The fields of /proc/self/stat from the third on; the second, the name, may hold blanks and brackets.
struct Stat {
    double cpu_seconds = 0;
    double start_ticks = 0;
    double virtual_bytes = 0;
    double resident_bytes = 0;
};

std::optional<Stat> read_stat() {
    std::ifstream file("/proc/self/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream rest(text.substr(name_end + 1));
    const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
    // proc(5) counts from 1 and the first field here is its third.
    const auto number = [&](std::size_t field) { return std::strtod(fields[field - 3].c_str(), nullptr); };
    if (fields.size() < 22) return std::nullopt;
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    return Stat{(number(14) + number(15)) / ticks, number(22) / ticks, number(23),
                number(24) * static_cast<double>(sysconf(_SC_PAGESIZE))};
}

std::optional<double> boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
    }
    return std::nullopt;
}

std::optional<double> open_files() {
    std::error_code error;
    std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error) return std::nullopt;
    // The directory itself is one of them while it is read.
    return static_cast<double>(std::distance(begin(entries), end(entries))) - 1;
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
    using prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    if (const auto stat = read_stat()) {
        families.push_back(family("process_cpu_seconds_total", "User and system time spent, in seconds.",
                                  MetricType::Counter, stat->cpu_seconds));
        families.push_back(family("process_resident_memory_bytes", "Resident memory, in bytes.", MetricType::Gauge,
                                  stat->resident_bytes));
        families.push_back(family("process_virtual_memory_bytes", "Virtual memory, in bytes.", MetricType::Gauge,
                                  stat->virtual_bytes));
        if (const auto boot = boot_time()) {
            families.push_back(family("process_start_time_seconds",
                                      "When the process started, in seconds since the epoch.", MetricType::Gauge,
                                      *boot + stat->start_ticks));
        }
    }
    if (const auto open = open_files()) {
        families.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, *open));
    }
    if (rlimit limit{}; getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        families.push_back(family("process_max_fds", "File descriptors that may be open at once.", MetricType::Gauge,
                                  static_cast<double>(limit.rlim_cur)));
    }
    return families;
}

}  // namespace moontide::status
