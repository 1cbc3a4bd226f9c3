#include "watch/mailbox.hpp"

namespace moontide::watch {

void Mailbox::post(Function function) {
    bool first = false;
    {
        std::scoped_lock lock(mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(function));
    }
    if (first) changed_.notify_one();
}

void Mailbox::after(Milliseconds delay, Function function) {
    bool next = false;
    {
        std::scoped_lock lock(mutex_);
        const auto place =
            timers_.emplace(std::pair(std::chrono::steady_clock::now() + delay, ++last_timer_), std::move(function))
                .first;
        next = place == timers_.begin();
    }
    if (next) changed_.notify_one();
}

void Mailbox::take_ready(std::deque<Function>& ready) {
    ready.swap(posted_);
    const auto now = std::chrono::steady_clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        ready.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
    }
}

void Mailbox::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::deque<Function> ready;
        {
            std::unique_lock lock(mutex_);
            const auto something = [this] { return !posted_.empty(); };
            if (timers_.empty()) {
                // A timer that is added wakes us too, and the next round waits for it.
                changed_.wait(lock, stop, [this] { return !posted_.empty() || !timers_.empty(); });
            } else {
                const auto due = timers_.begin()->first.first;
                changed_.wait_until(lock, stop, due, [&] { return something() || timers_.begin()->first.first < due; });
            }
            take_ready(ready);
        }
        for (auto& function : ready) {
            if (stop.stop_requested()) return;
            function();
        }
    }
}

}  // namespace moontide::watch
