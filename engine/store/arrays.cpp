#include "store/arrays.hpp"

#include <cstddef>
#include <cstdint>

namespace moontide::store {

namespace {

void append(std::string& out, std::uint32_t number) {
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((number >> shift) & 0xff);
}

}  // namespace

std::string binary_array(const std::vector<std::optional<std::string_view>>& texts) {
    constexpr std::uint32_t text_type = 25;
    std::size_t size = 20;
    std::uint32_t has_null = 0;
    for (const auto& text : texts) {
        size += 4 + (text ? text->size() : 0);
        if (!text) has_null = 1;
    }
    std::string out;
    out.reserve(size);
    append(out, texts.empty() ? 0 : 1);  // dimensions
    append(out, has_null);
    append(out, text_type);
    if (texts.empty()) return out;
    append(out, static_cast<std::uint32_t>(texts.size()));
    append(out, 1);  // the first index
    for (const auto& text : texts) {
        append(out, text ? static_cast<std::uint32_t>(text->size()) : 0xffffffffu);
        if (text) out += *text;
    }
    return out;
}

}  // namespace moontide::store
