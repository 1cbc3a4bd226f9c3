#include "template/yaml_scalar.hpp"

#include "template/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <re2/re2.h>

namespace moontide::templates {

using Json = nlohmann::json;

namespace {

template <std::size_t size>
bool one_of(const std::array<std::string_view, size>& words, std::string_view text) {
    return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 11> truths{"y",    "Y",    "yes", "Yes", "YES", "true",
                                                  "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> falsehoods{"n",     "N",     "no",  "No",  "NO", "false",
                                                      "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> nulls{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 12> endless{".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                                   "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

int number(re2::StringPiece text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The four forms that Go takes for a time.
bool timestamp(std::string_view text) {
    static const RE2 form(
        "([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
        "(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
        "| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?");
    std::array<re2::StringPiece, 10> found;
    if (text.size() > 64 || !form.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::ANCHOR_BOTH,
                                        found.data(), static_cast<int>(found.size()))) {
        return false;
    }
    const int year = number(found[1]);
    const int month = number(found[2]);
    const int day = number(found[3]);
    constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0)) return false;
    const std::size_t clock = found[4].data() ? 4 : 7;
    return !found[clock].data() ||
           (number(found[clock]) < 24 && number(found[clock + 1]) < 60 && number(found[clock + 2]) < 60);
}

/// 0b with a sign, which strconv takes in front only.
std::optional<Json> integer_value(const std::string& plain) {
    if (const auto value = parse_integer(plain)) return Json(*value);
    if (const auto value = parse_unsigned(plain)) return Json(*value);
    return std::nullopt;
}

}  // namespace

Resolved resolved(std::string_view plain) {
    const auto as_text = [&](Scalar scalar) { return Resolved{scalar, std::string(plain)}; };
    if (one_of(nulls, plain)) return {Scalar::null, nullptr};
    if (one_of(truths, plain)) return {Scalar::boolean, true};
    if (one_of(falsehoods, plain)) return {Scalar::boolean, false};
    if (one_of(endless, plain)) return as_text(Scalar::not_finite);
    const char first = plain.front();
    if (first == '.') {
        const auto real = parse_real(plain);
        return real ? Resolved{Scalar::real, *real} : as_text(Scalar::text);
    }
    if (first != '+' && first != '-' && (first < '0' || first > '9')) return as_text(Scalar::text);
    if (timestamp(plain)) return as_text(Scalar::timestamp);
    std::string without;
    std::ranges::copy_if(plain, std::back_inserter(without), [](char character) { return character != '_'; });
    if (auto value = integer_value(without)) return {Scalar::integer, std::move(*value)};
    static const RE2 real_form("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
    if (RE2::FullMatch(without, real_form)) {
        if (const auto real = parse_real(without)) return {Scalar::real, *real};
    }
    return as_text(Scalar::text);
}

bool base_sixty(std::string_view text) {
    static const RE2 form("[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?");
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form);
}

}  // namespace moontide::templates
