#include "kube/selector.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace moontide::kube {

namespace {

using Operator = Requirement::Operator;

bool is_alphanumeric(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// At most 63 letters, digits, '-', '_', '.', with a letter or digit at both ends.
bool is_name_part(std::string_view text) {
    if (text.empty() || text.size() > 63 || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back()))
        return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_dns_subdomain(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    while (true) {
        const auto dot = text.find('.');
        const auto label = text.substr(0, dot);
        if (label.empty() || !is_alphanumeric(label.front()) || !is_alphanumeric(label.back())) return false;
        const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
        if (!std::all_of(label.begin(), label.end(), fits)) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_label_key(std::string_view key) {
    const auto slash = key.find('/');
    if (slash == std::string_view::npos) return is_name_part(key);
    return is_dns_subdomain(key.substr(0, slash)) && is_name_part(key.substr(slash + 1));
}

Result<void> check(const Requirement& requirement) {
    if (!is_label_key(requirement.key)) return fail(fmt::format("'{}' is no label key", requirement.key));
    for (const auto& value : requirement.values) {
        if (!value.empty() && !is_name_part(value)) {
            return fail(fmt::format("'{}' is no label value (at most 63 letters, digits, '-', '_' and '.')", value));
        }
    }
    return {};
}

/// One order for what means the same, so that equal selectors have equal texts.
Selector sorted(std::vector<Requirement> requirements) {
    for (auto& requirement : requirements) {
        auto& values = requirement.values;
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
    }
    std::stable_sort(requirements.begin(), requirements.end(),
                     [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
    return Selector(std::move(requirements));
}

/// The tokens of the text form: words and the signs ! = == != ( ) , < >.
class Tokens {
public:
    explicit Tokens(std::string_view text) : text_(text) { next(); }

    std::string_view current() const { return current_; }
    bool at_end() const { return current_.empty(); }
    bool at_word() const { return !at_end() && !is_sign(current_.front()); }

    std::string_view take() {
        const auto taken = current_;
        next();
        return taken;
    }

    bool take_if(std::string_view token) {
        if (current_ != token) return false;
        next();
        return true;
    }

    std::string shown() const { return at_end() ? "the end" : fmt::format("'{}'", current_); }

private:
    static bool is_sign(char c) { return std::string_view("!=(),<>").find(c) != std::string_view::npos; }
    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    void next() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        const auto begin = at_;
        if (at_ < text_.size() && is_sign(text_[at_])) {
            const bool may_double = text_[at_] == '=' || text_[at_] == '!';
            ++at_;
            if (may_double && at_ < text_.size() && text_[at_] == '=') ++at_;
        } else {
            while (at_ < text_.size() && !is_sign(text_[at_]) && !is_space(text_[at_])) ++at_;
        }
        current_ = text_.substr(begin, at_ - begin);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string_view current_;
};

Result<std::vector<std::string>> parse_values(Tokens& tokens) {
    if (!tokens.take_if("(")) return fail(fmt::format("'(' is missing before {}", tokens.shown()));
    std::vector<std::string> values;
    while (true) {
        // "(a,)" and "()" hold the empty value, as they do for kubectl.
        values.emplace_back(tokens.at_word() ? tokens.take() : std::string_view());
        if (tokens.take_if(")")) return values;
        if (!tokens.take_if(",")) return fail(fmt::format("',' or ')' is missing before {}", tokens.shown()));
    }
}

Result<Requirement> parse_requirement(Tokens& tokens) {
    const bool negated = tokens.take_if("!");
    if (!tokens.at_word()) return fail(fmt::format("a label key is missing before {}", tokens.shown()));
    Requirement requirement{std::string(tokens.take()), negated ? Operator::absent : Operator::exists, {}};
    if (negated || tokens.at_end() || tokens.current() == ",") return requirement;

    const auto sign = tokens.take();
    if (sign == "in" || sign == "notin") {
        requirement.operation = sign == "in" ? Operator::in : Operator::not_in;
        requirement.values = TRY(parse_values(tokens));
    } else if (sign == "=" || sign == "==" || sign == "!=") {
        requirement.operation = sign == "!=" ? Operator::not_in : Operator::in;
        requirement.values.emplace_back(tokens.at_word() ? tokens.take() : std::string_view());
    } else {
        return fail(
            fmt::format("'{}' after '{}' is no operator; there are =, ==, !=, in and notin", sign, requirement.key));
    }
    return requirement;
}

Result<Requirement> read_expression(const nlohmann::json& expression) {
    if (!expression.is_object()) return fail("an element of matchExpressions is no object");
    Requirement requirement;
    std::string operation;
    for (const auto& [key, value] : expression.items()) {
        if (key == "key" && value.is_string()) {
            requirement.key = value.get<std::string>();
        } else if (key == "operator" && value.is_string()) {
            operation = value.get<std::string>();
        } else if (key == "values" && (value.is_array() || value.is_null())) {
            for (const auto& item : value) {
                if (!item.is_string()) return fail("matchExpressions: values must be texts");
                requirement.values.push_back(item.get<std::string>());
            }
        } else {
            return fail(fmt::format("matchExpressions: '{}' is unknown or of the wrong type", key));
        }
    }
    using Named = std::pair<std::string_view, Operator>;
    constexpr std::array<Named, 4> operators{Named{"In", Operator::in}, Named{"NotIn", Operator::not_in},
                                             Named{"Exists", Operator::exists},
                                             Named{"DoesNotExist", Operator::absent}};
    const auto* named = std::find_if(operators.begin(), operators.end(),
                                     [&](const Named& candidate) { return candidate.first == operation; });
    if (named == operators.end()) {
        return fail(
            fmt::format("matchExpressions: operator '{}' is none of In, NotIn, Exists, DoesNotExist", operation));
    }
    requirement.operation = named->second;
    const bool takes_values = requirement.operation == Operator::in || requirement.operation == Operator::not_in;
    if (takes_values == requirement.values.empty()) {
        return fail(fmt::format("matchExpressions: {} of '{}' {} values", operation, requirement.key,
                                takes_values ? "needs" : "takes no"));
    }
    return requirement;
}

/// Where the UTF-8 character that begins at `at` ends; a stray byte is a character.
std::size_t after_character(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    return at;
}

}  // namespace

Result<Selector> Selector::parse(std::string_view text) {
    Tokens tokens(text);
    std::vector<Requirement> requirements;
    while (!tokens.at_end()) {
        auto requirement = parse_requirement(tokens);
        if (!requirement) return within(fmt::format("selector \"{}\"", text), requirement.error());
        if (auto checked = check(*requirement); !checked) {
            return within(fmt::format("selector \"{}\"", text), checked.error());
        }
        requirements.push_back(std::move(*requirement));
        if (tokens.at_end()) break;
        if (!tokens.take_if(",") || tokens.at_end()) {
            return fail(
                fmt::format("selector \"{}\": a requirement or ',' is missing before {}", text, tokens.shown()));
        }
    }
    return sorted(std::move(requirements));
}

Result<Selector> Selector::parse(const nlohmann::json& label_selector) {
    if (!label_selector.is_object()) return fail("a LabelSelector is an object with matchLabels and matchExpressions");
    std::vector<Requirement> requirements;
    for (const auto& [key, value] : label_selector.items()) {
        if (key == "matchLabels" && (value.is_object() || value.is_null())) {
            for (const auto& [label, text] : value.items()) {
                if (!text.is_string()) return fail(fmt::format("matchLabels: the value of '{}' is no text", label));
                requirements.push_back({label, Operator::in, {text.get<std::string>()}});
            }
        } else if (key == "matchExpressions" && (value.is_array() || value.is_null())) {
            for (const auto& expression : value) requirements.push_back(TRY(read_expression(expression)));
        } else {
            return fail(
                fmt::format("LabelSelector: '{}' is neither matchLabels (a map) nor matchExpressions (a list)", key));
        }
    }
    for (const auto& requirement : requirements) {
        if (auto checked = check(requirement); !checked) return within("LabelSelector", checked.error());
    }
    return sorted(std::move(requirements));
}

bool Selector::matches(const TextMap& labels) const {
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
        const auto* value = find(labels, requirement.key);
        const auto listed = [&] {
            return std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
        };
        switch (requirement.operation) {
            case Operator::in:
                return value != nullptr && listed();
            case Operator::not_in:
                return value == nullptr || !listed();
            case Operator::exists:
                return value != nullptr;
            case Operator::absent:
                return value == nullptr;
        }
        return false;
    });
}

std::string Selector::text() const {
    std::string text;
    for (const auto& requirement : requirements_) {
        if (!text.empty()) text += ',';
        const auto& values = requirement.values;
        switch (requirement.operation) {
            case Operator::in:
                text += values.size() == 1 ? fmt::format("{}={}", requirement.key, values.front())
                                           : fmt::format("{} in ({})", requirement.key, fmt::join(values, ","));
                break;
            case Operator::not_in:
                text += values.size() == 1 ? fmt::format("{}!={}", requirement.key, values.front())
                                           : fmt::format("{} notin ({})", requirement.key, fmt::join(values, ","));
                break;
            case Operator::exists:
                text += requirement.key;
                break;
            case Operator::absent:
                text += '!' + requirement.key;
                break;
        }
    }
    return text;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
    // Going back to the last star alone is enough: what an earlier one matched could only have been longer. So the
    // time is at most the product of both sizes, whatever the text.
    std::size_t in_pattern = 0;
    std::size_t in_text = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t star_until = 0;
    while (in_text < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            after_star = ++in_pattern;
            star_until = in_text;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == '?') {
            ++in_pattern;
            in_text = after_character(text, in_text);
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[in_text]) {
            ++in_pattern;
            ++in_text;
        } else if (after_star != std::string_view::npos) {
            in_pattern = after_star;
            star_until = after_character(text, star_until);
            in_text = star_until;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
    return in_pattern == pattern.size();
}

}  // namespace moontide::kube
