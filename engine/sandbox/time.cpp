#include "sandbox/time.hpp"

#include <cstdlib>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool has_at(std::string_view text, std::size_t at, char character) {
    return at < text.size() && text[at] == character;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
    const auto year = number(text, 0, 4);
    const auto month = number(text, 5, 2);
    const auto day = number(text, 8, 2);
    const auto hour = number(text, 11, 2);
    const auto minute = number(text, 14, 2);
    const auto second = number(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (!has_at(text, 4, '-') || !has_at(text, 7, '-') || !has_at(text, 10, 'T') || !has_at(text, 13, ':') ||
        !has_at(text, 16, ':')) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;

    std::size_t at = 19;
    std::chrono::microseconds fraction{0};
    if (has_at(text, at, '.')) {
        std::int64_t unit = 100'000;
        for (++at; number(text, at, 1); ++at, unit /= 10)
            fraction += std::chrono::microseconds(unit * *number(text, at, 1));
    }
    std::chrono::minutes offset{0};
    if (has_at(text, at, '+') || has_at(text, at, '-')) {
        const auto hours = number(text, at + 1, 2);
        const auto minutes = number(text, at + 4, 2);
        if (!hours || !minutes || !has_at(text, at + 3, ':')) return std::nullopt;
        offset = std::chrono::minutes(*hours * 60 + *minutes) * (text[at] == '-' ? -1 : 1);
        at += 6;
    } else if (has_at(text, at, 'Z')) {
        ++at;
    } else {
        return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + fraction - offset;
}

std::optional<std::string> time_error(const std::string& text, Precision precision) {
    const bool micro = precision == Precision::microseconds;
    const auto layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
    if (!parse_time(text)) {
        return fmt::format(R"(parsing time "{}" as "{}": cannot parse "{}" as "2006")", text, layout, text);
    }
    if (!micro) return std::nullopt;
    const auto rest = text.substr(19);
    const bool six = rest.size() > 7 && number(rest, 1, 6) && !number(rest, 7, 1);
    if (has_at(rest, 0, '.') && six) return std::nullopt;
    return fmt::format(R"(parsing time "{}" as "{}": cannot parse "{}" as ".000000")", text, layout, rest);
}

std::string human_duration(std::chrono::seconds duration) {
    const auto seconds = duration.count();
    if (seconds < -1) return "<invalid>";
    if (seconds < 0) return "0s";
    if (seconds < 120) return fmt::format("{}s", seconds);
    const auto minutes = seconds / 60;
    if (minutes < 10)
        return seconds % 60 == 0 ? fmt::format("{}m", minutes) : fmt::format("{}m{}s", minutes, seconds % 60);
    if (minutes < 180) return fmt::format("{}m", minutes);
    const auto hours = minutes / 60;
    if (hours < 8) return minutes % 60 == 0 ? fmt::format("{}h", hours) : fmt::format("{}h{}m", hours, minutes % 60);
    if (hours < 48) return fmt::format("{}h", hours);
    if (hours < 24 * 8)
        return hours % 24 == 0 ? fmt::format("{}d", hours / 24) : fmt::format("{}d{}h", hours / 24, hours % 24);
    if (hours < 24 * 365 * 2) return fmt::format("{}d", hours / 24);
    const auto years = hours / 24 / 365;
    const auto days = hours / 24 % 365;
    if (hours < 24 * 365 * 8 && days != 0) return fmt::format("{}y{}d", years, days);
    return fmt::format("{}y", years);
}

std::string age_of(std::string_view time, WallTime now) {
    const auto since = parse_time(time);
    if (!since) return "<unknown>";
    return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *since));
}

}  // namespace moontide::sandbox
