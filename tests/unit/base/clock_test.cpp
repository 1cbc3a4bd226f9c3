#include "base/clock.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;

TEST_CASE("delays double from the first to the last, each between half of the step and the step") {
    Backoff backoff(Milliseconds(100), Milliseconds(5000), 1);
    for (int round = 0; round < 100; ++round) {
        std::int64_t step = 100;
        for (unsigned failures = 1; failures < 12; ++failures) {
            const auto delay = backoff.delay(failures).count();
            CHECK(delay >= step / 2);
            CHECK(delay <= step);
            step = std::min<std::int64_t>(step * 2, 5000);
        }
    }
    CHECK(backoff.delay(0) <= Milliseconds(100));
    CHECK(backoff.delay(1'000'000) >= Milliseconds(2500));
    CHECK(backoff.delay(1'000'000) <= Milliseconds(5000));
}

TEST_CASE("delays differ between waiters") {
    Backoff one(Milliseconds(1000), Milliseconds(60'000), 1);
    Backoff other(Milliseconds(1000), Milliseconds(60'000), 2);
    int equal = 0;
    for (unsigned failures = 1; failures < 20; ++failures)
        equal += one.delay(failures) == other.delay(failures) ? 1 : 0;
    CHECK(equal < 10);
}

TEST_CASE("times are written as Kubernetes writes them") {
    const WallTime time(std::chrono::microseconds(1'700'000'000'123'456));
    CHECK(rfc3339(time) == "2023-11-14T22:13:20Z");
    CHECK(rfc3339_micro(time) == "2023-11-14T22:13:20.123456Z");
    CHECK(rfc3339_micro(WallTime(std::chrono::seconds(0))) == "1970-01-01T00:00:00.000000Z");
}

TEST_CASE("times are read in both forms, with any offset") {
    const auto second = WallTime(std::chrono::seconds(1'700'000'000));
    using Case = std::pair<std::string, WallTime>;
    const std::vector<Case> cases = {
        {"2023-11-14T22:13:20Z", second},
        {"2023-11-14t22:13:20z", second},
        {"2023-11-15T00:13:20+02:00", second},
        {"2023-11-14T16:43:20-05:30", second},
        {"2023-11-14T22:13:20.5Z", second + Milliseconds(500)},
        {"2023-11-14T22:13:20.123456Z", second + std::chrono::microseconds(123456)},
        {"2023-11-14T22:13:20.0000000000001Z", second},
        {"2024-02-29T00:00:00Z", WallTime(std::chrono::seconds(1'709'164'800))},
        {"9999-12-31T23:59:59Z", WallTime::max()},
        {"0001-01-01T00:00:00Z", WallTime::min()},
    };
    for (const auto& [text, time] : cases) {
        INFO(text);
        CHECK(parse_rfc3339(text) == time);
    }
    for (const std::string text :
         {"", "2023", "2023-11-14", "2023-11-14 22:13:20Z", "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z",
          "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2023-11-14T24:00:00Z", "2023-11-14T22:60:00Z",
          "2023-11-14T22:13:20+2:00", "2023-11-14T22:13:20+0200", "2023-11-14T22:13:20Zx", "-023-11-14T22:13:20Z"}) {
        INFO(text);
        CHECK_FALSE(parse_rfc3339(text).has_value());
    }
}
