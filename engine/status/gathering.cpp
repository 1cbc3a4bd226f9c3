#include "status/gathering.hpp"

#include <algorithm>
#include <utility>

namespace moontide::status {

namespace {

void sort_once(std::vector<std::string_view>& names) {
    std::ranges::sort(names);
    const auto rest = std::ranges::unique(names);
    names.erase(rest.begin(), rest.end());
}

std::vector<std::string> texts(const std::vector<std::string_view>& names) {
    return {names.begin(), names.end()};
}

}  // namespace

void Gathering::source(std::string_view namespace_name, std::string_view name, std::optional<std::string> changed) {
    report_.sources.push_back({std::string(namespace_name), std::string(name), {}, std::move(changed)});
    of_source_.emplace_back(synced_.size(), synced_.size());
}

void Gathering::synced(std::string_view namespace_name) {
    ++report_.wanted;
    if (lists_ == Lists::left_out) return;
    synced_.push_back(namespace_name);
    if (!of_source_.empty()) of_source_.back().second = synced_.size();
}

void Gathering::pending(std::string_view namespace_name) {
    ++report_.wanted;
    ++report_.pending;
    other_.push_back(namespace_name);
}

void Gathering::failed(std::string_view namespace_name, std::string_view kind, std::string_view name,
                       std::string_view reason, std::string_view message) {
    ++report_.wanted;
    ++report_.failed_copies;
    if (!namespace_name.empty()) failed_.push_back(namespace_name);
    first_failures_.emplace(namespace_name, kind, name, reason, message);
    if (first_failures_.size() > policy::Report::most_failures) first_failures_.erase(std::prev(first_failures_.end()));
}

policy::Report Gathering::take() {
    for (std::size_t at = 0; at < report_.sources.size(); ++at) {
        std::vector<std::string_view> of_one(synced_.begin() + static_cast<std::ptrdiff_t>(of_source_[at].first),
                                             synced_.begin() + static_cast<std::ptrdiff_t>(of_source_[at].second));
        sort_once(of_one);
        report_.sources[at].synced = texts(of_one);
        // RFC 3339 in UTC with whole seconds: texts compare as times do.
        report_.changed = std::max(report_.changed, report_.sources[at].changed);
    }
    std::ranges::sort(report_.sources, {}, [](const auto& one) { return std::tie(one.namespace_name, one.name); });
    sort_once(failed_);
    report_.failed = texts(failed_);
    other_.insert(other_.end(), failed_.begin(), failed_.end());
    sort_once(other_);
    sort_once(synced_);
    std::vector<std::string_view> whole;
    std::ranges::set_difference(synced_, other_, std::back_inserter(whole));
    report_.synced = texts(whole);
    for (const auto& [namespace_name, kind, name, reason, message] : first_failures_) {
        report_.failures.push_back({std::string(namespace_name), std::string(kind), std::string(name),
                                    std::string(reason), std::string(message)});
    }
    report_.waiting.assign(waiting_.begin(), waiting_.end());
    report_.missing.assign(missing_.begin(), missing_.end());
    report_.holders.assign(holders_.begin(), holders_.end());
    return std::move(report_);
}

}  // namespace moontide::status
