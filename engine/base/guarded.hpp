// A value and the lock that is the only door to it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace moontide {

/// `guarded.with([](T& value) { ... })`: the value can be reached only while its mutex is held.
template <typename T>
class Guarded {
public:
    Guarded() = default;
    explicit Guarded(T value) : value_(std::move(value)) {}

    template <typename Function>
    decltype(auto) with(Function&& function) {
        std::scoped_lock lock(mutex_);
        return std::forward<Function>(function)(value_);
    }

    template <typename Function>
    decltype(auto) with(Function&& function) const {
        std::scoped_lock lock(mutex_);
        return std::forward<Function>(function)(std::as_const(value_));
    }

private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace moontide
