#include "status/recall.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include <fmt/format.h>

namespace moontide::status {

namespace {

using Json = nlohmann::json;
using Found = std::map<std::string, std::string>;  // mark -> time

/// Number 0 is the owner's. The year is one in which no copy was written.
std::string mark(std::size_t number) {
    constexpr std::size_t minute = 60;
    constexpr std::size_t hour = 60 * minute;
    constexpr std::size_t day = 24 * hour;
    return fmt::format("{:04}-01-{:02}T{:02}:{:02}:{:02}Z", 1 + number / (28 * day), 1 + number / day % 28,
                       number % day / hour, number % hour / minute, number % minute);
}

bool is_mark(const Json& value) {
    return value.is_string() && value.get_ref<const std::string&>().starts_with("00");
}

bool is_plain(const Json& value) {
    return value.is_primitive() && !value.is_null() && !is_mark(value);
}

bool is_the_same(const Json& marked, const Json& previous) {
    if (!marked.is_object() || !previous.is_object()) return false;
    bool any = false;
    for (const auto& [name, value] : marked.items()) {
        if (!is_plain(value)) continue;
        const auto found = previous.find(name);
        if (found == previous.end() || *found != value) return false;
        any = true;
    }
    return any;
}

void find(const Json& marked, const Json& previous, Found& found) {
    if (is_mark(marked)) {
        if (previous.is_string() && parse_rfc3339(previous.get_ref<const std::string&>()))
            found.try_emplace(marked.get<std::string>(), previous.get<std::string>());
        return;
    }
    if (marked.is_object() && previous.is_object()) {
        for (const auto& [name, value] : marked.items()) {
            if (const auto there = previous.find(name); there != previous.end()) find(value, *there, found);
        }
    }
    if (!marked.is_array() || !previous.is_array()) return;
    for (const auto& element : marked) {
        const auto there = std::ranges::find_if(previous, [&](const Json& one) { return is_the_same(element, one); });
        if (there != previous.end()) find(element, *there, found);
    }
}

bool has_copies(const policy::Report& report) {
    return report.wanted > report.pending + report.failed_copies;
}

}  // namespace

bool has_forgotten(const policy::Report& report) {
    return std::ranges::any_of(report.sources, [](const auto& one) { return !one.changed && !one.synced.empty(); }) ||
           (report.store && !report.store->last_sync_time) || (!report.changed && has_copies(report));
}

policy::Report with_marks(const policy::Report& report) {
    auto marked = report;
    if (!marked.changed) marked.changed = mark(0);
    for (std::size_t at = 0; at < marked.sources.size(); ++at) {
        auto& source = marked.sources[at];
        if (!source.changed && !source.synced.empty()) source.changed = mark(at + 1);
    }
    if (marked.store && !marked.store->last_sync_time) marked.store->last_sync_time = mark(marked.sources.size() + 1);
    return marked;
}

void recall(policy::Report& report, const nlohmann::json& marked, const nlohmann::json& previous,
            const std::string& now) {
    Found found;
    find(marked, previous, found);
    const auto time = [&](std::size_t number) {
        const auto one = found.find(mark(number));
        return one == found.end() ? now : one->second;
    };
    // Without a row there was no time.
    if (report.store && !report.store->last_sync_time) {
        const auto one = found.find(mark(report.sources.size() + 1));
        if (one != found.end()) report.store->last_sync_time = one->second;
    }
    if (!report.changed && has_copies(report)) report.changed = time(0);
    for (std::size_t at = 0; at < report.sources.size(); ++at) {
        auto& source = report.sources[at];
        if (!source.changed && !source.synced.empty()) source.changed = time(at + 1);
    }
}

}  // namespace moontide::status
