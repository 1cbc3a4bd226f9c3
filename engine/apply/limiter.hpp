// How many writes may be under way at once: more while the server is quick, fewer when it is not.
#pragma once

#include "base/clock.hpp"

namespace moontide::apply {

/// Additive increase, multiplicative decrease on latency (as TCP Vegas and Netflix's concurrency-limits have it):
/// +1 a round while the latency stays within 1.5 times the best seen, x0.7 on 429, timeout or twice the best.
class Limiter {
public:
    explicit Limiter(unsigned most, unsigned start = 8)
        : most_(most > 1 ? most : 1), limit_(start < most_ ? start : most_) {}

    unsigned limit() const { return static_cast<unsigned>(limit_); }
    void answered(Milliseconds took, Instant now);
    /// 429, 503, or no answer in time.
    void overloaded(Instant now);

private:
    unsigned most_;
    double limit_;
    double best_ms_ = 0;
    double recent_ms_ = 0;
    Instant last_decrease_{};
};

}  // namespace moontide::apply
