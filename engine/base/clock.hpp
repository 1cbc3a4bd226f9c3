// The doors through which time and chance enter, so that tests own both.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace moontide {

using Milliseconds = std::chrono::milliseconds;
/// For delays, deadlines and ages: never jumps.
using Instant = std::chrono::steady_clock::time_point;
/// For what people and the API server read: may jump.
using WallTime = std::chrono::system_clock::time_point;

class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual WallTime wall() const = 0;
};

/// The machine's clocks.
const Clock& system_clock();

/// A clock that stands still until it is moved.
class ManualClock final : public Clock {
public:
    Instant now() const override { return now_; }
    WallTime wall() const override { return wall_; }
    void advance(Milliseconds by) {
        now_ += by;
        wall_ += by;
    }

private:
    Instant now_ = Instant(std::chrono::hours(1));
    WallTime wall_ = WallTime(std::chrono::seconds(1'700'000'000));
};

/// Delays that double from `first` to `last`, each with a random part so that many waiters do not wake together.
class Backoff {
public:
    Backoff(Milliseconds first, Milliseconds last, std::uint64_t seed) : first_(first), last_(last), random_(seed) {}

    /// The delay before attempt number `failures` (1 is the first retry): between half of the step and the step.
    Milliseconds delay(unsigned failures);

private:
    Milliseconds first_;
    Milliseconds last_;
    std::mt19937_64 random_;
};

/// RFC 3339 in UTC with whole seconds, as Kubernetes writes times: 2026-01-31T12:00:00Z.
std::string rfc3339(WallTime time);
/// The same with microseconds, as Leases and Events have them.
std::string rfc3339_micro(WallTime time);
/// Both forms, with any number of digits after the point and any offset; nothing where it is no such time.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace moontide
