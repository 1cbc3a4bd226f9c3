#include "base/clock.hpp"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace moontide {

namespace {

class SystemClock final : public Clock {
public:
    Instant now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

Milliseconds Backoff::delay(unsigned failures) {
    const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0U, 40U);
    const auto step = std::min<std::int64_t>(first_.count() << std::min(doublings, 32U), last_.count());
    std::uniform_int_distribution<std::int64_t> jitter(step / 2, step);
    return Milliseconds(jitter(random_));
}

std::string rfc3339(WallTime time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(time));
}

std::string rfc3339_micro(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", seconds, micros);
}

}  // namespace moontide
