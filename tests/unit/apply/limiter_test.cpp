#include "apply/limiter.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::apply;
using namespace std::chrono_literals;

namespace {

struct Bench {
    ManualClock clock;
    Limiter limiter{64};

    void answers(int count, Milliseconds took) {
        for (int i = 0; i < count; ++i) {
            clock.advance(10ms);
            limiter.answered(took, clock.now());
        }
    }
};

}  // namespace

TEST_CASE("the limit begins at 8, and at the most where that is less") {
    CHECK(Limiter(64).limit() == 8);
    CHECK(Limiter(3).limit() == 3);
    CHECK(Limiter(0).limit() == 1);
}

TEST_CASE("while the server is quick the limit grows by one a round, up to the most") {
    Bench bench;
    bench.answers(8, 10ms);
    CHECK(bench.limiter.limit() == 8);
    bench.answers(2, 10ms);
    CHECK(bench.limiter.limit() == 9);
    bench.answers(10'000, 10ms);
    CHECK(bench.limiter.limit() == 64);
}

TEST_CASE("answers of twice the best time lower the limit, noise does not") {
    Bench bench;
    bench.answers(10'000, 10ms);
    bench.answers(200, 100ms);
    CHECK(bench.limiter.limit() < 32);
    bench.answers(10'000, 100ms);
    CHECK(bench.limiter.limit() >= 1);

    Bench quick;
    quick.answers(10'000, 1ms);
    quick.answers(1'000, 3ms);
    CHECK(quick.limiter.limit() == 64);
}

TEST_CASE("a limit that fell comes back when the server is quick again") {
    Bench bench;
    bench.answers(10'000, 10ms);
    bench.answers(500, 200ms);
    const auto low = bench.limiter.limit();
    CHECK(low < 16);
    bench.answers(10'000, 10ms);
    CHECK(bench.limiter.limit() == 64);
}

TEST_CASE("one bad round counts once, and the limit never falls below one") {
    Bench bench;
    for (int i = 0; i < 8; ++i) bench.limiter.overloaded(bench.clock.now());
    CHECK(bench.limiter.limit() == 5);
    for (int i = 0; i < 50; ++i) {
        bench.clock.advance(1s);
        bench.limiter.overloaded(bench.clock.now());
    }
    CHECK(bench.limiter.limit() == 1);
}
