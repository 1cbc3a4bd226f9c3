#include "policy/placeholder_parser.hpp"

#include "base/nearest.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::policy {
namespace {

std::string_view word_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && is_word_character(text[end])) ++end;
    return text.substr(at, end - at);
}

/// The braces and what is between them, for messages; what was read may have braces of its own.
std::string_view whole(std::string_view text, std::size_t begin, std::size_t read = 0) {
    const std::size_t end = text.find('}', std::max(begin, read));
    return end == std::string_view::npos ? text.substr(begin) : text.substr(begin, end - begin + 1);
}

std::unexpected<Error> unknown_root(std::string_view text, std::size_t begin, std::string_view word) {
    const std::string_view shown = whole(text, begin);
    if (word.empty()) {
        return fail(
            fmt::format("'{}' is no placeholder: write {{root.path}} without blanks, with the root owner, "
                        "source, namespace, target, settings or group",
                        shown));
    }
    if (word == "on") {
        return fail(
            fmt::format("unknown root 'on' in '{}': placeholders leave 'on.' out, as in {{source.name}}", shown));
    }
    std::string near = suggestion(word, {"owner", "source", "namespace", "target", "settings", "group"});
    if (near.empty()) near = "; there are owner, source, namespace, target, settings and group";
    return fail(fmt::format("unknown root '{}' in '{}'{}", word, shown, near));
}

/// A `.word` that goes on with other characters is most often a label's key.
std::unexpected<Error> unexpected_character(std::string_view text, std::size_t begin, std::size_t at,
                                            const Placeholder& placeholder) {
    const std::string_view shown = whole(text, begin, at);
    if (shown.back() != '}') return fail(fmt::format("'{}' has no closing '}}'", shown));
    const auto map = std::ranges::find_if(placeholder.path, [](const std::string& word) {
        return word == "labels" || word == "annotations" || word == "data";
    });
    if (map != placeholder.path.end()) {
        Placeholder prefix = placeholder;
        prefix.path.erase(prefix.path.begin() + (map - placeholder.path.begin()) + 1, prefix.path.end());
        const std::size_t key = prefix.text().size() + 2;
        const std::size_t key_end = std::min(shown.find_first_of("?|}", key), shown.size() - 1);
        return fail(fmt::format("unexpected '{}' in '{}': a key with other characters is written {{{}['{}']}}",
                                text[at], shown, prefix.text(), shown.substr(key, key_end - key)));
    }
    return fail(
        fmt::format("unexpected '{}' in '{}': a path goes on with .word or ['any text'], and ends with ?, "
                    "|default or nothing",
                    text[at], shown));
}

}  // namespace

bool is_word_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-';
}

Result<ParsedPlaceholder> parse_placeholder(std::string_view text, std::size_t begin) {
    std::size_t at = begin + 1;
    const std::string_view root_word = word_at(text, at);
    const auto root = root_named(root_word);
    if (!root) return unknown_root(text, begin, root_word);
    at += root_word.size();

    Placeholder placeholder;
    placeholder.root = *root;
    for (;;) {
        if (at >= text.size()) return fail(fmt::format("'{}' has no closing '}}'", whole(text, begin)));
        if (text[at] == '.') {
            const std::string_view word = word_at(text, at + 1);
            if (word.empty()) return unexpected_character(text, begin, at, placeholder);
            placeholder.path.emplace_back(word);
            at += 1 + word.size();
        } else if (text.substr(at).starts_with("['")) {
            const std::size_t end = text.find("']", at + 2);
            if (end == std::string_view::npos) {
                return fail(fmt::format("'{}' has a [' without its ']", whole(text, begin)));
            }
            placeholder.path.emplace_back(text.substr(at + 2, end - at - 2));
            at = end + 2;
        } else {
            break;
        }
    }
    if (placeholder.root == Root::group && !placeholder.path.empty()) {
        return fail(fmt::format("'{}' has a path, and a group is a text: write {{group}}", whole(text, begin)));
    }
    if (text[at] == '?') {
        placeholder.optional = true;
        ++at;
    } else if (text[at] == '|') {
        const std::size_t end = text.find_first_of("{}", at);
        if (end == std::string_view::npos || text[end] != '}') {
            return fail(fmt::format("'{}' has a default without its closing '}}'", whole(text, begin)));
        }
        placeholder.fallback = std::string(text.substr(at + 1, end - at - 1));
        at = end;
    }
    if (at >= text.size() || text[at] != '}') {
        return unexpected_character(text, begin, std::min(at, text.size() - 1), placeholder);
    }
    if (placeholder.path.empty() && placeholder.root != Root::group) {
        return fail(fmt::format("'{}' names no field: write {{{}.name}}", whole(text, begin), root_word));
    }
    return ParsedPlaceholder{std::move(placeholder), at + 1};
}

}  // namespace moontide::policy
