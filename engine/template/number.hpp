// Go's number literals. Pure; any thread.
#pragma once

#include "template/tree.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace moontide::templates {

/// strconv.ParseInt and ParseUint with base 0: prefixes, and underscores where Go allows them.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<std::uint64_t> parse_unsigned(std::string_view text);
/// strconv.ParseFloat: decimal and hexadecimal, with underscores between digits.
std::optional<double> parse_real(std::string_view text);

/// A number or, where it begins with a quote, a character. Throws CallFailure with Go's words.
Number parse_number(std::string_view text);

}  // namespace moontide::templates
