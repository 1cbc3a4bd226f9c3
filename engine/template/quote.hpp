// Go's literals of texts and characters, written and read (strconv.Quote and Unquote). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::templates {

enum class Letters { all, ascii };

/// "..." with what does not print escaped; with Letters::ascii all that is not ASCII too (%+q).
std::string quoted_text(std::string_view text, Letters letters = Letters::all);
/// '...' of one rune.
std::string quoted_rune(char32_t rune, Letters letters = Letters::all);
/// Whether the text can stand between backquotes.
bool can_backquote(std::string_view text);

/// The text of a literal in double quotes or backquotes, quotes included; nothing where Go says "invalid syntax".
std::optional<std::string> unquoted(std::string_view literal);
/// The rune of a literal in single quotes, and what follows it: the closing quote where all is well.
struct UnquotedRune {
    char32_t rune;
    std::string_view rest;
};
std::optional<UnquotedRune> unquoted_rune(std::string_view literal);

}  // namespace moontide::templates
