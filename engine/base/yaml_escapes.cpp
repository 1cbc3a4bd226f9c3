#include "base/yaml_escapes.hpp"

#include <cstddef>
#include <string_view>

namespace moontide {

namespace {

constexpr std::string_view escaped_bytes = "\x85\xA0";

bool goes_on(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Bytes of the character that begins at the front, 1 where none does.
std::size_t length_of_first(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    for (std::size_t at = 1; at < length; ++at) {
        if (at >= text.size() || !goes_on(text[at])) return 1;
    }
    return length;
}

}  // namespace

std::string with_yaml_escapes(std::string text) {
    if (text.find_first_of(escaped_bytes) == std::string::npos) return text;
    std::string whole;
    whole.reserve(text.size() + 1);
    for (std::string_view rest = text; !rest.empty();) {
        const auto length = length_of_first(rest);
        if (length == 1 && escaped_bytes.find(rest.front()) != std::string_view::npos) whole += '\xC2';
        whole += rest.substr(0, length);
        rest.remove_prefix(length);
    }
    return whole;
}

}  // namespace moontide
