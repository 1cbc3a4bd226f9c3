#include "policy/selection.hpp"

#include "policy/globs.hpp"

#include <algorithm>

namespace moontide::policy {
namespace {

/// kube::glob_matches for a pattern of which some wild characters stand for themselves.
bool partly_wild_matches(const Pattern& pattern, std::string_view text) {
    const auto wild = [&](std::size_t at, char character) {
        return at < pattern.text.size() && pattern.text[at] == character &&
               !std::ranges::binary_search(pattern.exact, at);
    };
    const auto continues_character = [&](std::size_t at) {
        return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    std::size_t in_pattern = 0;
    std::size_t in_text = 0;
    std::size_t star = std::string::npos;
    std::size_t star_text = 0;
    while (in_text < text.size()) {
        if (wild(in_pattern, '*')) {
            star = in_pattern++;
            star_text = in_text;
        } else if (wild(in_pattern, '?')) {
            ++in_pattern;
            do ++in_text;
            while (continues_character(in_text));
        } else if (in_pattern < pattern.text.size() && pattern.text[in_pattern] == text[in_text]) {
            ++in_pattern;
            ++in_text;
        } else if (star != std::string::npos) {
            in_pattern = star + 1;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    while (wild(in_pattern, '*')) ++in_pattern;
    return in_pattern == pattern.text.size();
}

bool all_hold(const std::vector<KeyRule>& rules, const kube::TextMap& map) {
    return std::ranges::all_of(rules, [&](const KeyRule& rule) {
        const std::string_view* value = kube::find(map, rule.key);
        switch (rule.presence) {
            case KeyRule::Presence::there:
                return value != nullptr;
            case KeyRule::Presence::not_there:
                return value == nullptr;
            case KeyRule::Presence::any_of:
                return value != nullptr && any_matches(rule.any_of, *value);
        }
        return false;
    });
}

}  // namespace

bool Pattern::matches(std::string_view value) const {
    if (!wild) return value == text;
    return exact.empty() ? kube::glob_matches(text, value) : partly_wild_matches(*this, value);
}

bool Selection::matches(const kube::Metadata& object) const {
    // The cheapest first: most objects that are asked about differ in their place.
    if (namespaces && !any_matches(*namespaces, object.namespace_name)) return false;
    if (names && !any_matches(*names, object.name)) return false;
    if (!all_hold(labels, object.labels) || !all_hold(annotations, object.annotations)) return false;
    if (selector && !selector->matches(object.labels)) return false;
    return std::ranges::none_of(
        except, [&](const Selection& exception) { return !exception.has_where() && exception.matches(object); });
}

bool Selection::has_where() const {
    return where || std::ranges::any_of(except, &Selection::has_where);
}

}  // namespace moontide::policy
