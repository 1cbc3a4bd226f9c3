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

/// Takes `digits` digits off the front of `text`; -1 where they are not there.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char wanted, char other) {
    if (text.empty() || (text.front() != wanted && text.front() != other)) return false;
    text.remove_prefix(1);
    return true;
}

/// "Z" or "+02:00", the whole of `text`.
std::optional<std::chrono::minutes> offset_of(std::string_view text) {
    if (take(text, 'Z', 'z')) return text.empty() ? std::optional(std::chrono::minutes(0)) : std::nullopt;
    const bool behind = text.starts_with('-');
    if (!take(text, '+', '-')) return std::nullopt;
    const int hours = take_number(text, 2);
    if (!take(text, ':', ':')) return std::nullopt;
    const int minutes = take_number(text, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
    return std::chrono::minutes((hours * 60 + minutes) * (behind ? -1 : 1));
}

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

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const int year = take_number(text, 4);
    if (!take(text, '-', '-')) return std::nullopt;
    const int month = take_number(text, 2);
    if (!take(text, '-', '-')) return std::nullopt;
    const int day = take_number(text, 2);
    if (!take(text, 'T', 't')) return std::nullopt;
    const int hour = take_number(text, 2);
    if (!take(text, ':', ':')) return std::nullopt;
    const int minute = take_number(text, 2);
    if (!take(text, ':', ':')) return std::nullopt;
    const int second = take_number(text, 2);
    std::int64_t nanoseconds = 0;
    if (take(text, '.', '.')) {
        std::int64_t unit = 100'000'000;
        if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
        for (int digit = 0; (digit = take_number(text, 1)) >= 0; unit /= 10) nanoseconds += digit * unit;
    }
    const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    // 60 is a leap second.
    if (year < 0 || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60) {
        return std::nullopt;
    }
    const auto offset = offset_of(text);
    if (!offset) return std::nullopt;
    // What nanoseconds in 64 bits can count begins in 1677 and ends in 2262.
    if (year < 1678) return WallTime::min();
    if (year > 2261) return WallTime::max();
    const auto local = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                       std::chrono::seconds(second) + std::chrono::nanoseconds(nanoseconds);
    return std::chrono::time_point_cast<WallTime::duration>(local - *offset);
}

}  // namespace moontide
