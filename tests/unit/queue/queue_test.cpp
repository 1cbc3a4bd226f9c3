#include "queue/queue.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::queue;
using namespace std::chrono_literals;

namespace {

constexpr Key sentinel{9999, 0};

/// A queue that only the test's thread works on, at the test's time. Keys are written as "unit" or "unit/spot".
struct Line {
    ManualClock clock;
    Queue queue{5ms, 300s, 1, clock};

    static std::string text(const Key& key) {
        return std::to_string(key.unit) + (key.is_unit() ? "" : "/" + std::to_string(key.spot));
    }
    /// What is given out now, without ending it; the sentinel shows that nothing else is left.
    std::string taken() {
        queue.add(sentinel, Urgency::idle);
        std::string text_of_all;
        for (auto work = take(); work.key != sentinel; work = take()) {
            text_of_all += (text_of_all.empty() ? "" : " ") + text(work.key);
        }
        queue.done(sentinel);
        return text_of_all;
    }
    /// The same, where each key is ended before the next is asked for.
    std::string worked() {
        queue.add(sentinel, Urgency::idle);
        std::string text_of_all;
        for (auto work = take(); work.key != sentinel; work = take()) {
            text_of_all += (text_of_all.empty() ? "" : " ") + text(work.key);
            queue.done(work.key);
        }
        queue.done(sentinel);
        return text_of_all;
    }
    Work take() { return queue.take({}).value(); }
};

}  // namespace

TEST_CASE("each key is given out once, in turn, the urgent ones first") {
    struct Added {
        Key key;
        Urgency urgency;
    };
    struct Row {
        std::string what;
        std::vector<Added> added;
        std::string worked;
    };
    using enum Urgency;
    const std::vector<Row> rows = {
        {"in the order of adding", {{{1, 0}, change}, {{2, 0}, change}, {{3, 0}, change}}, "1 2 3"},
        {"a key twice", {{{1, 0}, change}, {{2, 0}, change}, {{1, 0}, change}}, "1 2"},
        {"by urgency", {{{1, 0}, idle}, {{2, 0}, change}, {{3, 0}, front}}, "3 2 1"},
        {"more urgent than before", {{{1, 0}, change}, {{2, 0}, change}, {{2, 0}, front}}, "2 1"},
        {"less urgent than before", {{{1, 0}, front}, {{2, 0}, front}, {{1, 0}, idle}}, "1 2"},
        {"a queued unit covers later spots", {{{1, 0}, change}, {{1, 7}, change}, {{1, 8}, idle}}, "1"},
        {"a queued unit covers spots that wait already", {{{1, 7}, change}, {{1, 8}, idle}, {{1, 0}, change}}, "1"},
        {"a spot more urgent than its unit", {{{1, 0}, change}, {{1, 7}, front}}, "1/7 1"},
        {"a unit less urgent than its spot", {{{1, 7}, front}, {{1, 8}, change}, {{1, 0}, change}}, "1/7 1"},
        {"a unit that becomes urgent covers all its spots",
         {{{1, 7}, front}, {{1, 0}, change}, {{1, 8}, front}, {{1, 0}, front}},
         "1"},
        {"many spots of one unit hold up no other",
         {{{1, 1}, change}, {{1, 2}, change}, {{1, 3}, change}, {{2, 0}, change}, {{3, 4}, change}},
         "1/1 2 3/4 1/2 1/3"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Line line;
        for (const auto& added : row.added) line.queue.add(added.key, added.urgency);
        CHECK(line.worked() == row.worked);
        CHECK(line.queue.depth() == 0);
        CHECK(line.queue.idle());
    }
}

TEST_CASE("work says how urgent it was and how long it waited") {
    Line line;
    line.queue.add({1, 7}, Urgency::front);
    line.clock.advance(30ms);
    const auto work = line.take();
    CHECK(work.urgency == Urgency::front);
    CHECK(work.waited == 30ms);
}

TEST_CASE("two keys of one unit are never worked on at once") {
    Line line;
    line.queue.add({1, 7});
    line.queue.add({1, 8});
    line.queue.add({2, 7});
    CHECK(line.taken() == "1/7 2/7");
    CHECK(line.queue.depth() == 1);

    line.queue.done({2, 7});
    CHECK(line.taken().empty());
    line.queue.done({1, 7});
    CHECK(line.taken() == "1/8");
}

TEST_CASE("a key that is added while it is worked on is worked on again afterwards") {
    Line line;
    line.queue.add({1, 0});
    REQUIRE(line.take().key == Key{1, 0});
    line.queue.add({1, 0});
    line.queue.add({1, 0});
    CHECK(line.taken().empty());
    CHECK_FALSE(line.queue.idle());
    line.queue.done({1, 0});
    CHECK(line.worked() == "1");
    CHECK(line.queue.idle());
}

TEST_CASE("a queue that worked between two looks does not seem to have been idle all the while") {
    Line line;
    const auto before = line.queue.idle_at();
    REQUIRE(before);
    CHECK(line.queue.idle_at() == before);
    SECTION("on what was added") {
        line.queue.add({1, 0});
    }
    SECTION("on what was planned for later") {
        line.queue.add_after({1, 0}, 10ms, Urgency::change, Delay::planned);
        line.clock.advance(10ms);
    }
    CHECK(line.worked() == "1");
    REQUIRE(line.queue.idle());
    CHECK(line.queue.idle_at() != before);
}

TEST_CASE("spots that are added while their unit is worked on are not lost") {
    Line line;
    line.queue.add({1, 0});
    REQUIRE(line.take().key == Key{1, 0});
    line.queue.add({1, 7});
    line.queue.add({1, 8}, Urgency::front);
    CHECK(line.taken().empty());
    line.queue.done({1, 0});
    CHECK(line.worked() == "1/8 1/7");
}

TEST_CASE("a key that became urgent and was worked on is not given out again") {
    Line line;
    line.queue.add({1, 7}, Urgency::idle);
    line.queue.add({1, 7}, Urgency::front);
    CHECK_FALSE(line.worked().empty());
    line.queue.add({2, 0}, Urgency::idle);
    line.queue.add({1, 7}, Urgency::idle);
    CHECK(line.worked() == "2 1/7");
    CHECK(line.worked().empty());
}

TEST_CASE("a delayed key comes when its time has come, the shorter of two delays counts") {
    Line line;
    line.queue.add_after({1, 0}, 100ms);
    line.queue.add_after({2, 0}, 300ms);
    line.queue.add_after({2, 0}, 50ms);
    line.queue.add_after({1, 0}, 200ms);
    CHECK(line.worked().empty());
    CHECK_FALSE(line.queue.idle());
    line.clock.advance(49ms);
    CHECK(line.worked().empty());
    line.clock.advance(1ms);
    CHECK(line.worked() == "2");
    line.clock.advance(50ms);
    CHECK(line.worked() == "1");
    CHECK(line.queue.idle());
    line.clock.advance(1s);
    CHECK(line.worked().empty());
}

TEST_CASE("a delay keeps the highest urgency that was asked for") {
    Line line;
    line.queue.add_after({1, 0}, 10ms, Urgency::idle);
    line.queue.add_after({1, 0}, 20ms, Urgency::front);
    line.queue.add_after({2, 0}, 10ms, Urgency::change);
    line.clock.advance(10ms);
    CHECK(line.worked() == "1 2");
}

TEST_CASE("a look that is planned for later does not keep the queue from being idle") {
    struct Row {
        std::string what;
        Delay first;
        Milliseconds first_delay;
        Delay second;
        Milliseconds second_delay;
        bool idle;
    };
    const std::vector<Row> rows = {
        {"planned alone", Delay::planned, 10ms, Delay::planned, 20ms, true},
        {"soon, then planned earlier", Delay::soon, 20ms, Delay::planned, 10ms, false},
        {"planned, then soon earlier", Delay::planned, 20ms, Delay::soon, 10ms, false},
        {"planned, then soon later", Delay::planned, 10ms, Delay::soon, 20ms, false},
        {"soon, then planned later", Delay::soon, 10ms, Delay::planned, 20ms, false},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Line line;
        line.queue.add_after({1, 0}, row.first_delay, Urgency::change, row.first);
        line.queue.add_after({1, 0}, row.second_delay, Urgency::change, row.second);
        CHECK(line.queue.idle() == row.idle);
        line.clock.advance(10ms);
        CHECK(line.worked() == "1");
        CHECK(line.queue.idle());
    }
}

TEST_CASE("each retry of a key waits longer, until it is forgotten; others do not wait with it") {
    Line line;
    const auto delay_of_retry = [&](Key key) {
        line.queue.retry(key);
        Milliseconds waited{0};
        while (line.worked().empty()) {
            line.clock.advance(1ms);
            waited += 1ms;
        }
        return waited;
    };
    for (Milliseconds step = 5ms; step < 1s; step *= 2) {
        const auto waited = delay_of_retry({1, 7});
        CHECK(waited >= step / 2);
        CHECK(waited <= step);
    }
    CHECK(delay_of_retry({1, 8}) <= 5ms);
    line.queue.forget({1, 7});
    CHECK(delay_of_retry({1, 7}) <= 5ms);
}

TEST_CASE("a retry may begin as after earlier ones, and grows from there") {
    Line line;
    for (Milliseconds step = 5ms * 16; step < 1s; step *= 2) {
        line.queue.retry({1, 7}, Delay::planned, 4);
        line.clock.advance(step / 2 - 1ms);
        CHECK(line.worked().empty());
        line.clock.advance(step / 2 + 1ms);
        CHECK_FALSE(line.worked().empty());
    }
}
