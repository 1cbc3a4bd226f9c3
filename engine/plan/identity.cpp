#include "plan/identity.hpp"

namespace moontide::plan {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::array<std::uint8_t, 16>> parse_hex(std::string_view text, bool with_dashes) {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (with_dashes && (i == 4 || i == 6 || i == 8 || i == 10)) {
            if (at >= text.size() || text[at] != '-') return std::nullopt;
            ++at;
        }
        if (at + 2 > text.size()) return std::nullopt;
        const int high = digit(text[at]);
        const int low = digit(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
        at += 2;
    }
    if (at != text.size()) return std::nullopt;
    return bytes;
}

std::string to_hex(const std::array<std::uint8_t, 16>& bytes, bool with_dashes) {
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (with_dashes && (i == 4 || i == 6 || i == 8 || i == 10)) text += '-';
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

}  // namespace

std::optional<Uid> Uid::parse(std::string_view text) {
    const auto parsed = parse_hex(text, true);
    if (!parsed) return std::nullopt;
    return Uid{*parsed};
}

std::string Uid::text() const {
    return to_hex(bytes, true);
}

std::optional<Hash> Hash::parse(std::string_view hex) {
    const auto parsed = parse_hex(hex, false);
    if (!parsed) return std::nullopt;
    return Hash{*parsed};
}

std::string Hash::hex() const {
    return to_hex(bytes, false);
}

}  // namespace moontide::plan
