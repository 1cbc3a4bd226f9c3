// What one parse or one execution may use, so that a template that somebody else wrote ends soon and stays small.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moontide::templates {

/// One execution's; what is left of `steps` afterwards tells what it cost.
struct Budget {
    std::int64_t steps = 1'000'000;  ///< nodes, calls, iterations, and each 32 bytes or value that a function makes
    std::size_t output = 1U << 20;   ///< bytes: more does not fit into a ConfigMap
    std::size_t depth = 200;         ///< templates, branches and parentheses within each other
};

/// Branches and parentheses of a text within each other. Each takes C++ stack while it is parsed.
constexpr std::size_t deepest_nesting = 150;
/// Lists and maps within each other, of values that are printed or made.
constexpr std::size_t deepest_value = 100;
/// Bytes of a template's text.
constexpr std::size_t longest_template = 4U << 20;

}  // namespace moontide::templates
