#include "base/loop.hpp"

#include <array>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/epoll.h>
#include <unistd.h>

using namespace moontide;

namespace {

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int out() const { return ends[0]; }
    void write() const { REQUIRE(::write(ends[1], "x", 1) == 1); }
};

}  // namespace

TEST_CASE("functions of other threads run in the order of their posts, on the loop's thread") {
    Loop loop;
    std::vector<int> order;
    std::thread::id where;
    std::jthread poster([&] {
        for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
        loop.post([&] { where = std::this_thread::get_id(); });
        loop.stop();
    });
    loop.run();
    REQUIRE(order.size() == 1000);
    CHECK(std::ranges::is_sorted(order));
    CHECK(where == std::this_thread::get_id());
}

TEST_CASE("timers fire in the order of their times, and a cancelled one does not") {
    Loop loop;
    std::vector<int> order;
    loop.after(Milliseconds(20), [&] {
        order.push_back(3);
        loop.stop();
    });
    loop.after(Milliseconds(1), [&] { order.push_back(1); });
    loop.after(Milliseconds(10), [&] { order.push_back(2); });
    const auto cancelled = loop.after(Milliseconds(5), [&] { order.push_back(9); });
    const auto fired = loop.after(Milliseconds(0), [&] { loop.cancel(cancelled); });
    loop.run();
    CHECK(order == std::vector<int>{1, 2, 3});
    loop.cancel(fired);
}

TEST_CASE("a timer may set another of no delay without starving the rest") {
    Loop loop;
    int turns = 0;
    std::function<void()> again = [&] {
        ++turns;
        loop.after(Milliseconds(0), again);
    };
    again();
    loop.after(Milliseconds(5), [&] { loop.stop(); });
    loop.run();
    CHECK(turns > 1);
}

TEST_CASE("a loop that was stopped may run again") {
    Loop loop;
    for (int i = 0; i < 3; ++i) {
        bool ran = false;
        loop.post([&] { ran = true; });
        loop.stop();
        loop.run();
        CHECK(ran);
    }
}

TEST_CASE("what is posted before stop() runs, and in_loop() says where one is") {
    Loop loop;
    bool inside = false;
    CHECK_FALSE(loop.in_loop());
    loop.post([&] {
        inside = loop.in_loop();
        loop.stop();
        loop.post([&] { inside = inside && loop.in_loop(); });
    });
    loop.run();
    CHECK(inside);
    CHECK_FALSE(loop.in_loop());
}

TEST_CASE("a descriptor that was forgotten gets no event that is at hand") {
    Loop loop;
    const Pipe one;
    const Pipe other;
    int events = 0;
    const auto forget_both = [&](std::uint32_t) {
        ++events;
        loop.forget(one.out());
        loop.forget(other.out());
        loop.stop();
    };
    loop.watch(one.out(), EPOLLIN, forget_both);
    loop.watch(other.out(), EPOLLIN, forget_both);
    one.write();
    other.write();
    loop.run();
    CHECK(events == 1);
}

TEST_CASE("a descriptor that is taken anew gets no event of the one before") {
    Loop loop;
    const Pipe one;
    const Pipe other;
    const Pipe silent;
    int events = 0;
    // Whichever comes first replaces the other by a pipe in which nothing is.
    const auto replace = [&](int which) {
        loop.forget(which);
        REQUIRE(::dup2(silent.out(), which) == which);
        loop.watch(which, EPOLLIN, [&](std::uint32_t) { FAIL("nothing was written to it"); });
    };
    loop.watch(one.out(), EPOLLIN, [&](std::uint32_t) {
        ++events;
        replace(other.out());
        loop.forget(one.out());
        loop.after(Milliseconds(5), [&] { loop.stop(); });
    });
    loop.watch(other.out(), EPOLLIN, [&](std::uint32_t) {
        ++events;
        replace(one.out());
        loop.forget(other.out());
        loop.after(Milliseconds(5), [&] { loop.stop(); });
    });
    one.write();
    other.write();
    loop.run();
    CHECK(events == 1);
}

TEST_CASE("the events that are waited for may change") {
    Loop loop;
    const Pipe pipe;
    std::vector<std::uint32_t> seen;
    loop.watch(pipe.ends[1], 0, [&](std::uint32_t events) {
        seen.push_back(events);
        loop.stop();
    });
    loop.after(Milliseconds(2), [&] { loop.change(pipe.ends[1], EPOLLOUT); });
    loop.run();
    CHECK(seen == std::vector<std::uint32_t>{EPOLLOUT});
}
