// Which keys of a source's data go along, and under which name: the table form of the slot `keys`.
#pragma once

#include "policy/selection.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::policy {

/// Immutable once filled; any thread.
struct KeyGlobs {
    std::vector<Pattern> keep;  ///< empty: all
    std::vector<Pattern> drop;
    /// Each `*` of the new name stands for what the `*` of that number in the pattern matched. An exact name goes
    /// before a glob, and among globs the first that matches counts.
    std::vector<std::pair<Pattern, std::string>> rename;

    /// The key on the copy; nothing where it does not go along.
    std::optional<std::string> apply(std::string_view key) const;
};

/// Whether any of them matches, as `carry` asks.
bool any_matches(const std::vector<Pattern>& patterns, std::string_view text);

}  // namespace moontide::policy
