#include "table.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace moontide::bench {

namespace {

double requests_of(const Figures& figures) {
    double sum = 0;
    for (const auto& [method, count] : figures.requests) sum += count;
    return sum;
}

double a_copy(double value, const Figures& figures) {
    return value / static_cast<double>(std::max<std::size_t>(1, figures.copies));
}

/// What a change costs for each copy that it touches should be the same however much else there is. Below `least` it is
/// the clock that is measured.
double growth(double tenth, double whole, std::size_t touched_tenth, std::size_t touched_whole, double least) {
    const auto by = [](std::size_t touched) { return static_cast<double>(std::max<std::size_t>(1, touched)); };
    return std::max(least, whole / by(touched_whole)) / std::max(least, tenth / by(touched_tenth));
}

constexpr double least_cpu = 0.05;  // milliseconds
constexpr double least_instructions = 50'000;

}  // namespace

std::string text_of(const Pair& pair) {
    std::string out;
    const auto line = [&](const char* what, const std::function<std::string(const Figures&)>& value) {
        fmt::format_to(std::back_inserter(out), "  {:<38}{:>14}{:>14}\n", what, value(pair.tenth), value(pair.whole));
    };
    fmt::format_to(std::back_inserter(out), "{}\n", pair.whole.scene);
    line("owners", [](const Figures& of) { return std::to_string(of.owners); });
    line("copies", [](const Figures& of) { return std::to_string(of.copies); });
    line("until all copies stand, s", [](const Figures& of) { return fmt::format("{:.2f}", of.copied); });
    line("until all owners are Ready, s", [](const Figures& of) { return fmt::format("{:.2f}", of.settled); });
    line("as many raw applies, s", [](const Figures& of) { return fmt::format("{:.2f}", of.raw); });
    line("copies, of the speed of raw applies",
         [](const Figures& of) { return fmt::format("{:.2f}", of.raw / of.copied); });
    line("Ready, of the speed of raw applies",
         [](const Figures& of) { return fmt::format("{:.2f}", of.raw / of.settled); });
    line("requests a copy", [](const Figures& of) { return fmt::format("{:.3f}", a_copy(requests_of(of), of)); });
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        line(fmt::format("  {}", method).c_str(), [&](const Figures& of) {
            const auto found = of.requests.find(method);
            return fmt::format("{:.3f}", found == of.requests.end() ? 0 : a_copy(found->second, of));
        });
    }
    line("processor time a copy, ms", [](const Figures& of) { return fmt::format("{:.3f}", a_copy(of.cpu, of)); });
    line("memory, MiB",
         [](const Figures& of) { return fmt::format("{:.1f}", static_cast<double>(of.resident_kib) / 1024); });
    line("memory at most, MiB",
         [](const Figures& of) { return fmt::format("{:.1f}", static_cast<double>(of.peak_kib) / 1024); });
    line("restart, s", [](const Figures& of) { return fmt::format("{:.2f}", of.restart); });
    line("processor time of a restart, ms", [](const Figures& of) { return fmt::format("{:.0f}", of.restart_cpu); });
    line("writes of a restart", [](const Figures& of) { return fmt::format("{:.0f}", of.restart_writes); });
    line("owners deleted, until all is gone, s", [](const Figures& of) { return fmt::format("{:.2f}", of.cleaned); });
    fmt::format_to(std::back_inserter(out),
                   "  one changed   copies  evaluations     requests (writes)   last copy, ms  "
                   "processor time, ms      growth a copy\n");
    for (std::size_t i = 0; i < pair.whole.prices.size(); ++i) {
        const auto& tenth = pair.tenth.prices.at(i);
        const auto& whole = pair.whole.prices.at(i);
        fmt::format_to(
            std::back_inserter(out),
            "  {:<12}{:>3} {:>5}{:>7} {:>5}{:>8} ({}) {:>5} ({}){:>8.1f} {:>7.1f}{:>11.2f} {:>7.2f}{:>17.2f}\n",
            whole.what, tenth.copies, whole.copies, tenth.evaluations, whole.evaluations, tenth.requests, tenth.writes,
            whole.requests, whole.writes, tenth.last_copy, whole.last_copy, tenth.cpu, whole.cpu,
            growth(tenth.cpu, whole.cpu, tenth.copies, whole.copies, least_cpu));
    }
    return out;
}

std::string counts_text_of(const Pair& pair) {
    std::string out = fmt::format("{}\n", pair.whole.scene);
    fmt::format_to(
        std::back_inserter(out),
        "  one changed   copies  evaluations     requests (writes)   1,000 instructions      growth a copy\n");
    for (std::size_t i = 0; i < pair.whole.prices.size(); ++i) {
        const auto& tenth = pair.tenth.prices.at(i);
        const auto& whole = pair.whole.prices.at(i);
        fmt::format_to(std::back_inserter(out),
                       "  {:<12}{:>3} {:>5}{:>7} {:>5}{:>8} ({}) {:>5} ({}){:>11.0f} {:>9.0f}{:>17.2f}\n", whole.what,
                       tenth.copies, whole.copies, tenth.evaluations, whole.evaluations, tenth.requests, tenth.writes,
                       whole.requests, whole.writes, tenth.instructions / 1e3, whole.instructions / 1e3,
                       growth(tenth.instructions, whole.instructions, tenth.copies, whole.copies, least_instructions));
    }
    return out;
}

Json json_of(const Figures& figures) {
    auto prices = Json::array();
    for (const auto& price : figures.prices) {
        prices.push_back({{"changed", price.what},
                          {"copies", price.copies},
                          {"evaluations", price.evaluations},
                          {"requests", price.requests},
                          {"writes", price.writes},
                          {"cpuMilliseconds", price.cpu},
                          {"instructions", price.instructions},
                          {"lastCopyMilliseconds", price.last_copy}});
    }
    return {{"scene", figures.scene},
            {"owners", figures.owners},
            {"copies", figures.copies},
            {"copiedSeconds", figures.copied},
            {"readySeconds", figures.settled},
            {"rawAppliesSeconds", figures.raw},
            {"requests", figures.requests},
            {"cpuMilliseconds", figures.cpu},
            {"residentKiB", figures.resident_kib},
            {"peakKiB", figures.peak_kib},
            {"restartSeconds", figures.restart},
            {"restartCpuMilliseconds", figures.restart_cpu},
            {"restartWrites", figures.restart_writes},
            {"cleanedSeconds", figures.cleaned},
            {"oneChanged", prices}};
}

}  // namespace moontide::bench
