#include "queue/queue.hpp"

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::queue;
using namespace std::chrono_literals;

TEST_CASE("workers never share a unit, and what was added last is looked at after it was added") {
    constexpr std::uint32_t units = 6;
    constexpr std::uint32_t spots = 5;
    Queue queue(1ms, 4ms, 1);
    // Each key has a number that its looks read, as a look reads the caches.
    std::atomic<unsigned> written[units][spots] = {};
    std::atomic<unsigned> seen[units][spots] = {};
    std::atomic<int> at_work[units] = {};
    std::atomic<bool> shared{false};

    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&](std::stop_token stop) {
            while (const auto work = queue.take(stop)) {
                const auto [unit, spot] = work->key;
                if (at_work[unit].fetch_add(1) != 0) shared = true;
                for (std::uint32_t one = 0; one < spots; ++one) {
                    if (work->key.is_unit() || one == spot) seen[unit][one] = written[unit][one].load();
                }
                at_work[unit].fetch_sub(1);
                queue.done(work->key);
            }
        });
    }
    std::mt19937 random(7);
    const auto any = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
    for (int i = 0; i < 20'000; ++i) {
        const Key key{any(units), any(spots)};
        ++written[key.unit][key.spot];
        switch (any(8)) {
            case 0:
                queue.add_after(key, Milliseconds(any(3)));
                break;
            case 1:
                queue.retry(key);
                break;
            case 2:
                queue.forget(key);
                queue.add(key, Urgency::idle);
                break;
            default:
                queue.add(key, any(4) == 0 ? Urgency::front : Urgency::change);
        }
    }
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!queue.idle() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    REQUIRE(queue.idle());
    CHECK_FALSE(shared);
    CHECK(queue.depth() == 0);
    for (std::uint32_t unit = 0; unit < units; ++unit) {
        for (std::uint32_t spot = 0; spot < spots; ++spot) CHECK(seen[unit][spot] == written[unit][spot]);
    }
}

TEST_CASE("a delay ends for an idle worker while another one is at work") {
    Queue queue(1ms, 4ms, 1);
    std::promise<void> delayed_taken;
    auto taken = delayed_taken.get_future();
    std::promise<bool> in_time;
    auto result = in_time.get_future();
    std::vector<std::jthread> workers;
    for (int i = 0; i < 2; ++i) {
        workers.emplace_back([&](std::stop_token stop) {
            while (const auto work = queue.take(stop)) {
                if (work->key.unit == 1) in_time.set_value(taken.wait_for(10s) == std::future_status::ready);
                if (work->key.unit == 2) delayed_taken.set_value();
                queue.done(work->key);
            }
        });
    }
    queue.add_after({2, 0}, 20ms);
    queue.add({1, 0});
    CHECK(result.get());
}

TEST_CASE("a request to stop wakes a worker that waits") {
    Queue queue(1ms, 4ms, 1);
    queue.add_after({1, 0}, 1h);
    std::promise<bool> ended;
    auto result = ended.get_future();
    std::jthread worker([&](std::stop_token stop) { ended.set_value(!queue.take(stop).has_value()); });
    worker.request_stop();
    REQUIRE(result.wait_for(10s) == std::future_status::ready);
    CHECK(result.get());
}

TEST_CASE("many spots of one unit cost no more each than few do") {
    // A worker that meets a busy unit must not move all of its waiting spots aside.
    constexpr std::uint32_t many = 50'000;
    Queue queue(1ms, 4ms, 1);
    for (std::uint32_t spot = 1; spot <= many; ++spot) queue.add({1, spot});
    const auto began = std::chrono::steady_clock::now();
    std::atomic<std::uint32_t> looks{0};
    std::promise<void> all;
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < 2; ++i) {
            workers.emplace_back([&](std::stop_token stop) {
                while (const auto work = queue.take(stop)) {
                    queue.done(work->key);
                    if (++looks == many) all.set_value();
                }
            });
        }
        REQUIRE(all.get_future().wait_for(60s) == std::future_status::ready);
    }
    CHECK(std::chrono::steady_clock::now() - began < 20s);
}
