#include "template/unicode.hpp"

#include <algorithm>
#include <clocale>
#include <cwctype>

#include <locale.h>
#include <wctype.h>

namespace moontide::templates {
namespace {

/// glibc has this locale built in; without it only ASCII would have classes and cases.
locale_t utf8() {
    static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
    return made;
}

struct Span {
    char32_t first;
    char32_t last;
};

/// What the C library calls graphic and Go does not print: spaces, format characters, private use.
constexpr Span unprinted[] = {
    {0xA0, 0xA0},       {0xAD, 0xAD},       {0x600, 0x605},      {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},      {0x1680, 0x1680},   {0x180E, 0x180E},
    {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},    {0x3000, 0x3000},   {0xE000, 0xF8FF},
    {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD},  {0x110CD, 0x110CD}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0001, 0xE007F}, {0xF0000, 0x10FFFF},
};

template <typename Change>
std::string changed(std::string_view text, Change change) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        at += found.size;
        append_rune(result, change(found.rune));
    }
    return result;
}

}  // namespace

Rune rune_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
    if (size == 0 || at + size > text.size()) return {replacement_rune, 1};
    char32_t rune = first & (0xFFU >> (size + 1));
    for (std::size_t more = 1; more < size; ++more) {
        if ((byte(more) & 0xC0) != 0x80) return {replacement_rune, 1};
        rune = (rune << 6) | (byte(more) & 0x3FU);
    }
    // Overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629).
    if ((size == 3 && rune < 0x800) || (rune >= 0xD800 && rune <= 0xDFFF) || (size == 4 && rune < 0x10000) ||
        rune > 0x10FFFF) {
        return {replacement_rune, 1};
    }
    return {rune, size};
}

std::size_t count_runes(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) at += rune_at(text, at).size;
    return count;
}

void append_rune(std::string& text, char32_t rune) {
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF)) rune = replacement_rune;
    const auto add = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (rune < 0x80) {
        add(rune);
    } else if (rune < 0x800) {
        add(0xC0 | (rune >> 6));
        add(0x80 | (rune & 0x3F));
    } else if (rune < 0x10000) {
        add(0xE0 | (rune >> 12));
        add(0x80 | ((rune >> 6) & 0x3F));
        add(0x80 | (rune & 0x3F));
    } else {
        add(0xF0 | (rune >> 18));
        add(0x80 | ((rune >> 12) & 0x3F));
        add(0x80 | ((rune >> 6) & 0x3F));
        add(0x80 | (rune & 0x3F));
    }
}

bool valid_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        if (found.rune == replacement_rune && found.size == 1) return false;
        at += found.size;
    }
    return true;
}

bool is_letter(char32_t rune) {
    if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
    return iswalpha_l(static_cast<wint_t>(rune), utf8()) != 0;
}

bool is_digit(char32_t rune) {
    return rune >= '0' && rune <= '9';
}

bool is_printable(char32_t rune) {
    if (rune < 0x80) return rune >= 0x20 && rune < 0x7F;
    if (std::ranges::any_of(unprinted, [&](const Span& span) { return rune >= span.first && rune <= span.last; })) {
        return false;
    }
    return iswgraph_l(static_cast<wint_t>(rune), utf8()) != 0;
}

bool is_space(char32_t rune) {
    return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0 || rune == 0x1680 ||
           (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 || rune == 0x202F || rune == 0x205F ||
           rune == 0x3000;
}

std::string upper(std::string_view text) {
    return changed(text,
                   [](char32_t rune) { return static_cast<char32_t>(towupper_l(static_cast<wint_t>(rune), utf8())); });
}

std::string lower(std::string_view text) {
    return changed(text,
                   [](char32_t rune) { return static_cast<char32_t>(towlower_l(static_cast<wint_t>(rune), utf8())); });
}

}  // namespace moontide::templates
