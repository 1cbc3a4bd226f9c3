#include "template/digits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

std::string written(double value, std::chars_format format, int precision) {
    // The longest are fixed ones: 309 digits before the point.
    std::string text(static_cast<std::size_t>(std::max(precision, 0)) + 400, '\0');
    char* const end = text.data() + text.size();
    const auto result = precision < 0 ? std::to_chars(text.data(), end, value, format)
                                      : std::to_chars(text.data(), end, value, format, precision);
    text.resize(static_cast<std::size_t>(result.ptr - text.data()));
    return text;
}

int exponent_of(const std::string& scientific) {
    return std::atoi(scientific.c_str() + scientific.find('e') + 1);
}

/// The shortest digits that read as the same number, with zeros up to the point.
std::string plain(double value) {
    const std::string scientific = written(value, std::chars_format::scientific, -1);
    const int exponent = exponent_of(scientific);
    std::string digits;
    for (const char character : scientific.substr(0, scientific.find('e'))) {
        if (character >= '0' && character <= '9') digits += character;
    }
    const std::string sign = scientific.starts_with('-') ? "-" : "";
    if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
    return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

/// %b: the mantissa as an integer and the power of two.
std::string binary(double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    // Denormal numbers keep their exponent.
    int shift = 53;
    if (fraction != 0 && exponent < -1021) shift = exponent + 1074;
    const auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, shift));
    const int power = value == 0 ? -1074 : exponent - shift;
    return fmt::format("{}{}p{}{}", std::signbit(value) && mantissa == 0 ? "-" : "", mantissa, power < 0 ? '-' : '+',
                       std::abs(power));
}

/// %x: C's, with an exponent of two digits at least.
std::string hexadecimal(double value, int precision) {
    std::string text = written(value, std::chars_format::hex, precision);
    const auto point = text.find('p');
    const std::string sign = text.substr(point + 1, 1);
    std::string power = text.substr(point + 2);
    if (power.size() < 2) power.insert(0, "0");
    const bool negative = text.starts_with('-');
    return (negative ? "-0x" : "0x") + text.substr(negative ? 1 : 0, point - (negative ? 1 : 0)) + "p" + sign + power;
}

std::string upper_case(std::string text) {
    for (char& character : text) {
        if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
    }
    return text;
}

}  // namespace

std::string real_text(double value, char verb, int precision) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    switch (verb) {
        case 'b':
            return binary(value);
        case 'x':
            return hexadecimal(value, precision);
        case 'X':
            return upper_case(hexadecimal(value, precision));
        case 'E':
        case 'G':
            return upper_case(real_text(value, verb == 'E' ? 'e' : 'g', precision));
        case 'e':
            return written(value, std::chars_format::scientific, precision);
        case 'f':
            return precision < 0 ? plain(value) : written(value, std::chars_format::fixed, precision);
        default:
            break;
    }
    if (precision >= 0) return written(value, std::chars_format::general, std::max(precision, 1));
    const std::string scientific = written(value, std::chars_format::scientific, -1);
    const int exponent = exponent_of(scientific);
    return exponent < -4 || exponent >= 6 ? scientific : plain(value);
}

}  // namespace moontide::templates
