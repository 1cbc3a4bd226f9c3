// A metric family's series, found by label values without building a label map each time.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <prometheus/family.h>

namespace moontide::status {

/// Any thread. A series lives as long as its family.
template <typename Metric, std::size_t Count>
class Labelled {
public:
    using Names = std::array<std::string, Count>;
    using Values = std::array<std::string_view, Count>;
    using Make = std::function<Metric&(prometheus::Family<Metric>&, const prometheus::Labels&)>;

    Labelled(prometheus::Family<Metric>& family, Names names, Make make)
        : family_(family), names_(std::move(names)), make_(std::move(make)) {}

    Metric& with(const Values& values) {
        // One buffer a thread, so that the usual case, a known series, allocates nothing.
        thread_local std::string key;
        key.clear();
        for (const auto value : values) key.append(value).push_back('\0');
        {
            std::shared_lock lock(mutex_);
            if (const auto found = series_.find(key); found != series_.end()) return *found->second;
        }
        prometheus::Labels labels;
        for (std::size_t index = 0; index < Count; ++index) labels.emplace(names_[index], values[index]);
        std::unique_lock lock(mutex_);
        auto& slot = series_[key];
        if (slot == nullptr) slot = &make_(family_, labels);
        return *slot;
    }

private:
    prometheus::Family<Metric>& family_;
    Names names_;
    Make make_;
    std::shared_mutex mutex_;
    std::unordered_map<std::string, Metric*> series_;
};

}  // namespace moontide::status
