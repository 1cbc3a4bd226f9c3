// Characters as Go sees them: UTF-8 one rune at a time, and what a rune is. No state but the C library's UTF-8 locale,
// which is made once; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moontide::templates {

constexpr char32_t replacement_rune = 0xFFFD;

struct Rune {
    char32_t rune;
    std::size_t size;  ///< in bytes; 1 for a byte that begins no valid sequence, whose rune is U+FFFD
};

/// The rune at `at`, which lies within the text.
Rune rune_at(std::string_view text, std::size_t at);
/// A byte that is no UTF-8 counts as one.
std::size_t count_runes(std::string_view text);
void append_rune(std::string& text, char32_t rune);
bool valid_utf8(std::string_view text);

/// unicode.IsLetter, IsDigit and IsPrint, by the C library's tables.
bool is_letter(char32_t rune);
bool is_digit(char32_t rune);
bool is_printable(char32_t rune);
/// unicode.IsSpace.
bool is_space(char32_t rune);

/// strings.ToUpper and ToLower.
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace moontide::templates
