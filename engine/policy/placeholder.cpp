#include "policy/placeholder.hpp"

#include "policy/placeholder_parser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moontide::policy {
namespace {

bool plain_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_word_character);
}

/// The value at the path, null where something on the way is missing.
Result<const nlohmann::json*> look_up(const Placeholder& placeholder, Documents& documents) {
    const nlohmann::json* value = TRY(documents.value(placeholder.root));
    for (const std::string& word : placeholder.path) {
        if (!value || !value->is_object()) return nullptr;
        const auto found = value->find(word);
        if (found == value->end()) return nullptr;
        value = &*found;
    }
    if (value && value->is_null()) return nullptr;
    return value;
}

Result<std::string> text_within(const Placeholder& placeholder, const nlohmann::json& value) {
    auto text = text_of(value);
    if (text) return text;
    return fail(
        fmt::format("'{{{}}}' is {} and stands within text, where only strings, numbers and booleans do; "
                    "a text that is this placeholder alone keeps its type",
                    placeholder.text(), value.is_array() ? "a list" : "a map"));
}

Pattern written(std::string text) {
    const bool wild = text.find_first_of("*?") != std::string::npos;
    return Pattern{std::move(text), wild};
}

}  // namespace

std::string Placeholder::text() const {
    std::string text(name_of(root));
    for (const std::string& word : path) {
        if (plain_word(word)) {
            text += "." + word;
        } else {
            text += "['" + word + "']";
        }
    }
    return text;
}

std::string Missing::message() const {
    return placeholder.text() + " is missing";
}

Result<std::string> text_of(const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean() || value.is_number()) return value.dump();
    return fail("not a string, number or boolean");
}

Result<PlaceholderText> PlaceholderText::compile(std::string_view text, Braces braces) {
    PlaceholderText compiled;
    compiled.text_ = text;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) compiled.pieces_.emplace_back(std::exchange(literal, {}));
    };
    std::size_t at = 0;
    while (at < text.size()) {
        const char character = text[at];
        if (character == '}' && braces == Braces::strict) {
            return fail(fmt::format("'{}' has a '}}' without its '{{'", text));
        }
        const bool after_brace = at > 0 && (text[at - 1] == '{' || text[at - 1] == '$');
        if (character != '{' || (braces == Braces::loose && after_brace)) {
            literal += character;
            ++at;
            continue;
        }
        auto parsed = parse_placeholder(text, at);
        const bool bare_group = parsed && text.substr(at, parsed->end - at) == "{group}";
        if (braces == Braces::loose && (!parsed || bare_group)) {
            literal += character;
            ++at;
            continue;
        }
        if (!parsed) return std::unexpected(std::move(parsed).error());
        end_literal();
        compiled.pieces_.emplace_back(compiled.placeholders_.size());
        at = parsed->end;
        compiled.placeholders_.push_back(std::move(parsed->placeholder));
    }
    end_literal();
    return compiled;
}

Roots PlaceholderText::reads() const {
    Roots roots;
    for (const Placeholder& placeholder : placeholders_) note(roots, placeholder.root);
    return roots;
}

Result<Resolved> PlaceholderText::resolve(Documents& documents) const {
    if (is_literal()) return Resolved(nlohmann::json(text_));
    if (is_whole()) {
        const Placeholder& placeholder = placeholders_.front();
        const nlohmann::json* value = TRY(look_up(placeholder, documents));
        if (value) return Resolved(*value);
        if (placeholder.fallback) return Resolved(nlohmann::json(*placeholder.fallback));
        if (placeholder.optional) return Resolved(Omitted{});
        return Resolved(Missing{placeholder});
    }
    auto patterns_of_one = TRY(patterns(documents));
    if (auto* missing = std::get_if<Missing>(&patterns_of_one)) return Resolved(std::move(*missing));
    return Resolved(nlohmann::json(std::move(std::get<std::vector<Pattern>>(patterns_of_one).front().text)));
}

Result<ResolvedPatterns> PlaceholderText::patterns(Documents& documents) const {
    if (is_literal()) return ResolvedPatterns(std::vector{written(text_)});
    if (is_whole()) {
        auto resolved = TRY(resolve(documents));
        if (auto* missing = std::get_if<Missing>(&resolved)) return ResolvedPatterns(std::move(*missing));
        if (std::holds_alternative<Omitted>(resolved)) return ResolvedPatterns(Omitted{});
        const auto& value = std::get<nlohmann::json>(resolved);
        std::vector<Pattern> exact;
        const auto add = [&](const nlohmann::json& one) -> Result<void> {
            auto text = text_of(one);
            if (!text) {
                return fail(fmt::format("'{{{}}}' is not a text or a list of texts", placeholders_.front().text()));
            }
            exact.push_back(Pattern{std::move(*text), false});
            return {};
        };
        if (value.is_array()) {
            for (const nlohmann::json& one : value) TRY_VOID(add(one));
        } else {
            TRY_VOID(add(value));
        }
        return ResolvedPatterns(std::move(exact));
    }

    Pattern pattern;
    for (const Piece& piece : pieces_) {
        if (const auto* literal = std::get_if<std::string>(&piece)) {
            pattern.wild = pattern.wild || literal->find_first_of("*?") != std::string::npos;
            pattern.text += *literal;
            continue;
        }
        const Placeholder& placeholder = placeholders_[std::get<std::size_t>(piece)];
        const nlohmann::json* value = TRY(look_up(placeholder, documents));
        std::string brought;
        if (value) {
            brought = TRY(text_within(placeholder, *value));
        } else if (placeholder.fallback) {
            brought = *placeholder.fallback;
        } else if (!placeholder.optional) {
            return ResolvedPatterns(Missing{placeholder});
        }
        for (char character : brought) {
            if (character == '*' || character == '?') pattern.exact.push_back(pattern.text.size());
            pattern.text += character;
        }
    }
    if (!pattern.wild) pattern.exact.clear();
    return ResolvedPatterns(std::vector{std::move(pattern)});
}

}  // namespace moontide::policy
