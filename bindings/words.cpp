#include "bindings/words.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <re2/re2.h>

namespace moontide::bindings {
namespace {

using policy::Existing;

constexpr std::array<std::pair<std::string_view, Existing>, 6> existing_words = {{
    {"refuse", Existing::refuse},
    {"marked", Existing::marked},
    {"adopt", Existing::adopt},
    {"overwrite", Existing::overwrite},
    {"merge", Existing::merge},
    {"join", Existing::join},
}};

bool tells(const std::optional<Value>& marks) {
    if (!marks || !marks->map()) return false;
    return std::ranges::any_of(*marks->map(), [](const auto& entry) {
        const auto* text = entry.value.text();
        return text && std::ranges::any_of(text->placeholders(), [](const policy::Placeholder& placeholder) {
                   return placeholder.root == policy::Root::source || placeholder.root == policy::Root::owner ||
                          placeholder.root == policy::Root::group;
               });
    });
}

}  // namespace

std::optional<Existing> existing_named(std::string_view word) {
    std::string small(word);
    std::ranges::transform(small, small.begin(),
                           [](unsigned char one) { return static_cast<char>(std::tolower(one)); });
    for (const auto& [name, existing] : existing_words) {
        if (name == small) return existing;
    }
    return std::nullopt;
}

std::string near_existing(std::string_view word) {
    std::vector<std::string_view> names;
    for (const auto& [name, existing] : existing_words) names.push_back(name);
    return suggestion(word, names);
}

std::optional<WallTime> parse_time(std::string_view text) {
    static const RE2 form(
        "(\\d{4})-(\\d\\d)-(\\d\\d)[Tt](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.\\d+)?(?:[Zz]|([+-])(\\d\\d):(\\d\\d))");
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::string sign;
    int offset_hours = 0;
    int offset_minutes = 0;
    std::string hours_text;
    std::string minutes_text;
    if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form, &year, &month, &day, &hour, &minute, &second,
                        &sign, &hours_text, &minutes_text)) {
        return std::nullopt;
    }
    if (!sign.empty()) {
        offset_hours = std::stoi(hours_text);
        offset_minutes = std::stoi(minutes_text);
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60 || offset_hours > 23 || offset_minutes > 59) {
        return std::nullopt;
    }
    const auto offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
    const auto local = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                       std::chrono::seconds(second);
    return sign == "-" ? local + offset : local - offset;
}

Result<Expiry> parse_expiry(std::string_view text) {
    if (const auto time = parse_time(text)) return Expiry(*time);
    static const RE2 part("(\\d{1,9})(w|d|h|m|s)");
    re2::StringPiece rest(text.data(), text.size());
    std::chrono::seconds duration(0);
    long long count = 0;
    std::string unit;
    bool any = false;
    while (RE2::Consume(&rest, part, &count, &unit)) {
        any = true;
        const long long seconds = unit == "w"   ? 604'800
                                  : unit == "d" ? 86'400
                                  : unit == "h" ? 3'600
                                  : unit == "m" ? 60
                                                : 1;
        duration += std::chrono::seconds(count * seconds);
    }
    if (!any || !rest.empty() || duration > std::chrono::hours(24 * 365 * 200)) {
        return fail(fmt::format("'{}' is neither a time (2026-01-31T12:00:00Z) nor a duration (90s, 1h30m, 7d)", text));
    }
    return Expiry(duration);
}

bool has_telling_mark(const PolicyShape& shape) {
    return tells(shape.labels) || tells(shape.annotations);
}

}  // namespace moontide::bindings
