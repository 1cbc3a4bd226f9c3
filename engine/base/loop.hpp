// One thread's event loop: sockets, timers and functions handed over by other threads.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace moontide {

/// epoll(7) with timers. run() belongs to one thread; everything but post() and stop() is called from within it
/// (or before it runs).
class Loop {
public:
    using Function = std::function<void()>;
    /// Receives the epoll events that are ready (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP).
    using Ready = std::function<void(std::uint32_t events)>;
    using TimerId = std::uint64_t;

    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until stop(); functions that were posted before stop() have run when it returns. It may be run again.
    void run();
    /// Any thread.
    void stop();
    /// Any thread: `function` runs on the loop's thread, in the order of the posts.
    void post(Function function);

    void watch(int descriptor, std::uint32_t events, Ready ready);
    void change(int descriptor, std::uint32_t events);
    /// After this no event of the descriptor is delivered any more, also none that is already at hand.
    void forget(int descriptor);

    TimerId after(Milliseconds delay, Function function);
    /// Fine for a timer that has fired.
    void cancel(TimerId timer);

    bool in_loop() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide
