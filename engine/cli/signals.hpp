// SIGINT and SIGTERM: the first asks for the end, the second one is the end.
#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace moontide::cli {

/// Make it before any other thread, since it blocks both signals for all threads that come; a thread of its own waits
/// for them. At the second signal the process ends at once with code 1. One a process.
class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// "SIGTERM" once it has come.
    std::optional<const char*> seen() const;
    /// Until one has come.
    void wait() const;
    /// After this long from now the process ends with that code, whatever it does; for an end that may not take
    /// longer. A later call replaces an earlier one.
    void end_by(Milliseconds deadline, int code);

private:
    void listen(const std::stop_token& stop);

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    int signal_ = 0;
    std::optional<Instant> end_by_;
    int end_code_ = 1;
    int wake_ = -1;      ///< eventfd(2): ends the thread, or tells it of a deadline
    int incoming_ = -1;  ///< signalfd(2)
    std::jthread thread_;
};

}  // namespace moontide::cli
