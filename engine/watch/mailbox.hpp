// What the ingest thread is to do next.
#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <utility>

namespace moontide::watch {

/// Functions in the order of their posts, and those whose time has come. Any thread posts, one runs. What is posted
/// after run() has returned is dropped when the mailbox is.
class Mailbox {
public:
    using Function = std::move_only_function<void()>;

    void post(Function function);
    void after(Milliseconds delay, Function function);
    void run(const std::stop_token& stop);

private:
    /// Under the lock: what can run now, moved out.
    void take_ready(std::deque<Function>& ready);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Function> posted_;                                   // guarded by mutex_
    std::map<std::pair<Instant, std::uint64_t>, Function> timers_;  // guarded by mutex_
    std::uint64_t last_timer_ = 0;                                  // guarded by mutex_
};

}  // namespace moontide::watch
