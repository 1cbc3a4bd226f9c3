// Reads one placeholder out of a text; used by PlaceholderText::compile alone.
#pragma once

#include "base/result.hpp"
#include "policy/placeholder.hpp"

#include <cstddef>
#include <string_view>

namespace moontide::policy {

struct ParsedPlaceholder {
    Placeholder placeholder;
    std::size_t end = 0;  ///< behind the closing brace
};

/// What `.word` is made of: letters, digits, `_` and `-`.
bool is_word_character(char character);

/// The placeholder whose `{` is at `begin`, or what keeps it from being one.
///
///   placeholder = "{" root path ( "?" / "|" default )? "}"      path is empty for group alone
///   path        = ( "." word / "['" any "']" )*
Result<ParsedPlaceholder> parse_placeholder(std::string_view text, std::size_t begin);

}  // namespace moontide::policy
