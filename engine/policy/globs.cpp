#include "policy/globs.hpp"

#include <algorithm>
#include <cstddef>

namespace moontide::policy {
namespace {

/// What each `*` of the pattern matches, shortest first; nothing where the text does not match as a whole.
std::optional<std::vector<std::string_view>> captures(std::string_view pattern, std::string_view text) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) {
        if (!kube::glob_matches(pattern, text)) return std::nullopt;
        return std::vector<std::string_view>();
    }
    const std::string_view before = pattern.substr(0, star);
    for (std::size_t begin = 0; begin <= text.size(); ++begin) {
        if (!kube::glob_matches(before, text.substr(0, begin))) continue;
        for (std::size_t end = begin; end <= text.size(); ++end) {
            // Asked first, so that what follows is tried only where it can succeed.
            if (!kube::glob_matches(pattern.substr(star + 1), text.substr(end))) continue;
            auto rest = captures(pattern.substr(star + 1), text.substr(end));
            if (!rest) continue;
            rest->insert(rest->begin(), text.substr(begin, end - begin));
            return rest;
        }
    }
    return std::nullopt;
}

std::string renamed(const std::string& name, const std::vector<std::string_view>& captured) {
    std::string result;
    std::size_t star = 0;
    for (char character : name) {
        if (character == '*' && star < captured.size()) {
            result += captured[star++];
        } else {
            result += character;
        }
    }
    return result;
}

}  // namespace

bool any_matches(const std::vector<Pattern>& patterns, std::string_view text) {
    return std::ranges::any_of(patterns, [&](const Pattern& pattern) { return pattern.matches(text); });
}

std::optional<std::string> KeyGlobs::apply(std::string_view key) const {
    if (!keep.empty() && !any_matches(keep, key)) return std::nullopt;
    if (any_matches(drop, key)) return std::nullopt;
    for (const auto& [pattern, name] : rename) {
        if (!pattern.wild && pattern.matches(key)) return name;
    }
    for (const auto& [pattern, name] : rename) {
        if (!pattern.wild || !pattern.matches(key)) continue;
        if (const auto captured = captures(pattern.text, key)) return renamed(name, *captured);
    }
    return std::string(key);
}

}  // namespace moontide::policy
