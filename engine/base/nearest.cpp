#include "base/nearest.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include <fmt/format.h>

namespace moontide {
namespace {

char lower(char character) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
}

}  // namespace

// The optimal string alignment distance.
std::size_t edits(std::string_view from, std::string_view to) {
    std::vector<std::size_t> before_last(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t column = 0; column <= to.size(); ++column) last[column] = column;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (lower(from[i - 1]) == lower(to[j - 1]) ? 0 : 1);
            row[j] = std::min({row[j - 1] + 1, last[j] + 1, replaced});
            const bool swapped =
                i > 1 && j > 1 && lower(from[i - 1]) == lower(to[j - 2]) && lower(from[i - 2]) == lower(to[j - 1]);
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[to.size()];
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
    // Longer texts are not names, and the table grows with the square.
    constexpr std::size_t longest = 64;
    if (text.empty() || text.size() > longest) return {};
    std::string_view best;
    std::size_t fewest = 1 + std::max<std::size_t>(1, text.size() / 3);
    for (std::string_view candidate : candidates) {
        if (candidate.size() > longest) continue;
        const std::size_t distance = edits(text, candidate);
        // As many edits as there are characters turn any word into any other.
        if (distance < fewest && distance < candidate.size()) {
            fewest = distance;
            best = candidate;
        }
    }
    return best;
}

std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates) {
    const std::string_view near = nearest(text, candidates);
    return near.empty() ? std::string() : fmt::format(", did you mean '{}'?", near);
}

}  // namespace moontide
