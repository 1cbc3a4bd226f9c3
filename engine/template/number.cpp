#include "template/number.hpp"

#include "template/failure.hpp"
#include "template/quote.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace moontide::templates {
namespace {

/// Underscores only between digits, or between a prefix and a digit, and only where there is a prefix (strconv's
/// underscoreOK).
bool underscores_right(std::string_view text) {
    char before = '^';  // ^ begin, 0 digit, _ underscore, ! all else
    std::size_t at = 0;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) at = 1;
    bool hexadecimal = false;
    if (text.size() >= at + 2 && text[at] == '0') {
        const char letter = static_cast<char>(text[at + 1] | 0x20);
        if (letter == 'b' || letter == 'o' || letter == 'x') {
            at += 2;
            before = '0';
            hexadecimal = letter == 'x';
        }
    }
    for (; at < text.size(); ++at) {
        const char character = text[at];
        const char small = static_cast<char>(character | 0x20);
        if ((character >= '0' && character <= '9') || (hexadecimal && small >= 'a' && small <= 'f')) {
            before = '0';
        } else if (character == '_') {
            if (before != '0') return false;
            before = '_';
        } else {
            if (before == '_') return false;
            before = '!';
        }
    }
    return before != '_';
}

struct Digits {
    std::string text;
    int base;
};

/// The digits behind sign and prefix; nothing where underscores are wrong.
std::optional<Digits> digits_of(std::string_view unsigned_text, std::string_view whole) {
    Digits found{"", 10};
    if (unsigned_text.empty()) return std::nullopt;
    if (unsigned_text[0] == '0') {
        const char letter = unsigned_text.size() >= 3 ? static_cast<char>(unsigned_text[1] | 0x20) : '\0';
        found.base = letter == 'b' ? 2 : letter == 'x' ? 16 : 8;
        unsigned_text.remove_prefix(letter == 'b' || letter == 'o' || letter == 'x' ? 2 : 1);
        if (unsigned_text.empty()) return Digits{"0", 8};
    }
    bool underscore = false;
    for (const char character : unsigned_text) {
        if (character == '_') {
            underscore = true;
        } else {
            found.text += character;
        }
    }
    if (underscore && !underscores_right(whole)) return std::nullopt;
    if (found.text.empty()) return std::nullopt;
    return found;
}

template <typename Integer>
std::optional<Integer> read(const std::string& text, int base) {
    Integer value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) return std::nullopt;
    const auto digits = digits_of(text, text);
    return digits ? read<std::uint64_t>(digits->text, digits->base) : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    const std::string_view rest = negative || text.starts_with('+') ? text.substr(1) : text;
    const auto digits = digits_of(rest, text);
    if (!digits || digits->text.starts_with('-')) return std::nullopt;
    return read<std::int64_t>(negative ? "-" + digits->text : digits->text, digits->base);
}

std::optional<double> parse_real(std::string_view text) {
    std::string plain;
    bool underscore = false;
    for (const char character : text) {
        if (character == '_') {
            underscore = true;
        } else {
            plain += character;
        }
    }
    std::string_view rest = plain;
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    const bool hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
    // A C library reads words and bare hexadecimal fractions too.
    if (rest.empty() || !(rest[0] == '.' || (rest[0] >= '0' && rest[0] <= '9'))) return std::nullopt;
    if (hexadecimal && rest.find_first_of("pP") == std::string_view::npos) return std::nullopt;
    if (underscore && !underscores_right(text)) return std::nullopt;
    double value = 0;
    const std::string_view digits = hexadecimal ? rest.substr(2) : rest;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value,
                                              hexadecimal ? std::chars_format::hex : std::chars_format::general);
    if (end != digits.data() + digits.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        value = std::strtod(plain.c_str(), nullptr);
        if (std::isinf(value)) return std::nullopt;
        return value;
    }
    if (error != std::errc()) return std::nullopt;
    return plain.starts_with('-') ? -value : value;
}

Number parse_number(std::string_view text) {
    Number number;
    number.text = text;
    if (text.starts_with('\'')) {
        const auto rune = unquoted_rune(text);
        if (!rune) throw CallFailure("invalid syntax");
        if (rune->rest != "'") throw CallFailure("malformed character constant: " + number.text);
        number.is_integer = number.is_unsigned = number.is_real = true;
        number.integer = static_cast<std::int64_t>(rune->rune);
        number.real = static_cast<double>(rune->rune);
        return number;
    }
    if (text.ends_with('i')) throw CallFailure("complex numbers are not supported: " + quoted_text(text));
    const auto natural = parse_unsigned(text);
    const auto integer = parse_integer(text);
    number.is_unsigned = natural.has_value() || integer == 0;
    if (integer) {
        number.is_integer = number.is_real = true;
        number.integer = *integer;
        number.real = static_cast<double>(*integer);
    } else if (natural) {
        number.is_real = true;
        number.real = static_cast<double>(*natural);
    } else if (const auto real = parse_real(text)) {
        if (text.find_first_of(".eEpP") == std::string_view::npos)
            throw CallFailure("integer overflow: " + quoted_text(text));
        number.is_real = true;
        number.real = *real;
        constexpr double beyond = 9223372036854775808.0;
        if (*real >= -beyond && *real < beyond && std::trunc(*real) == *real) {
            number.is_integer = true;
            number.integer = static_cast<std::int64_t>(*real);
        }
        number.is_unsigned = *real >= 0 && *real < 2 * beyond && std::trunc(*real) == *real;
    }
    if (!number.is_integer && !number.is_unsigned && !number.is_real)
        throw CallFailure("illegal number syntax: " + quoted_text(text));
    return number;
}

}  // namespace moontide::templates
