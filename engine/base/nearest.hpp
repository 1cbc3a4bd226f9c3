// The known name that a misspelt one probably means, for messages that suggest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moontide {

/// How many edits make one of the other: insert, remove, replace, swap of neighbours; case is ignored.
std::size_t edits(std::string_view from, std::string_view to);

/// The candidate with the fewest edits, if that is few enough for the text's length to be a slip of the finger; else
/// empty.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates);

/// ", did you mean 'owner'?" or, where nothing is near, nothing.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace moontide
