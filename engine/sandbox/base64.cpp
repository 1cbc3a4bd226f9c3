#include "sandbox/base64.hpp"

#include <cstdint>

namespace moontide::sandbox {

namespace {

constexpr std::string_view STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encoded(std::string_view bytes, std::string_view alphabet, bool pad) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            if (j <= count) {
                out += alphabet[group >> (18 - 6 * j) & 63];
            } else if (pad) {
                out += '=';
            }
        }
    }
    return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
    return encoded(bytes, STANDARD, true);
}

std::string base64_url(std::string_view bytes) {
    return encoded(bytes, URL, false);
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string out;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char character : text) {
        if (character == '\n' || character == '\r') continue;
        if (character == '=') break;
        auto place = STANDARD.find(character);
        if (place == std::string_view::npos) place = URL.find(character);
        if (place == std::string_view::npos) return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(place);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(group >> bits & 0xff);
        }
    }
    return out;
}

std::optional<std::size_t> base64_error(std::string_view text) {
    std::size_t count = 0;  // of characters that count towards groups of four
    bool padding = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char character = text[i];
        if (character == '\n' || character == '\r') continue;
        if (character == '=') {
            if (count % 4 < 2) return i;
            padding = true;
        } else if (padding || STANDARD.find(character) == std::string_view::npos) {
            return i;
        }
        ++count;
        if (padding && count % 4 == 0 && i + 1 < text.size() &&
            text.find_first_not_of("\r\n", i + 1) != std::string_view::npos) {
            return i + 1;
        }
    }
    if (count % 4 != 0) return text.size() - count % 4 + (padding ? count % 4 : 0);
    return std::nullopt;
}

}  // namespace moontide::sandbox
