#include "apply/limiter.hpp"

#include <algorithm>

namespace moontide::apply {

namespace {
/// One bad round counts once, however many of its answers come in.
constexpr Milliseconds decrease_every{100};
/// Below this a difference is noise, not load.
constexpr double noise_ms = 2;
}  // namespace

void Limiter::answered(Milliseconds took, Instant now) {
    const double ms = std::max(1.0, static_cast<double>(took.count()));
    recent_ms_ = recent_ms_ == 0 ? ms : recent_ms_ * 0.9 + ms * 0.1;
    best_ms_ = best_ms_ == 0 ? ms : std::min(best_ms_ * 1.0005, ms);  // an old best slowly loses its say
    if (recent_ms_ <= best_ms_ * 1.5 + noise_ms) {
        limit_ = std::min<double>(most_, limit_ + 1.0 / limit_);
    } else if (recent_ms_ > best_ms_ * 2 + noise_ms && now - last_decrease_ > decrease_every) {
        limit_ = std::max(1.0, limit_ * 0.7);
        last_decrease_ = now;
    }
}

void Limiter::overloaded(Instant now) {
    if (now - last_decrease_ <= decrease_every) return;
    limit_ = std::max(1.0, limit_ * 0.7);
    last_decrease_ = now;
}

}  // namespace moontide::apply
