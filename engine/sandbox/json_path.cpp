#include "sandbox/json_path.hpp"

#include "base/match.hpp"
#include "sandbox/spelling.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

bool is_quoted(std::string_view text) {
    return text.size() > 1 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
}

/// Where the bracket that opens at `begin` closes; quotes hide brackets.
std::size_t closing(std::string_view text, std::size_t begin) {
    char quote = 0;
    int depth = 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
        const char character = text[i];
        if (quote) {
            if (character == quote) quote = 0;
        } else if (character == '\'' || character == '"') {
            quote = character;
        } else if (character == '[') {
            ++depth;
        } else if (character == ']' && --depth == 0) {
            return i;
        }
    }
    return std::string_view::npos;
}

/// Of "'a'" and "'a', 'b'"; none where the text is something else.
std::vector<std::string> quoted_names(std::string_view text) {
    std::vector<std::string> names;
    for (bool more = true; more;) {
        const auto end = text.empty() ? std::string_view::npos : text.find(text.front(), 1);
        if (end == std::string_view::npos || !is_quoted(text.substr(0, end + 1))) return {};
        names.emplace_back(text.substr(1, end - 1));
        text = trimmed(text.substr(end + 1));
        more = text.starts_with(',');
        if (more) text = trimmed(text.substr(1));
    }
    return text.empty() ? names : std::vector<std::string>();
}

bool holds(const Json& is, const std::string& comparison, const Json& value) {
    if (comparison == "==") return is == value;
    if (comparison == "!=") return is != value;
    if (is.is_number() != value.is_number() || is.is_string() != value.is_string()) return false;
    if (comparison == "<") return is < value;
    if (comparison == ">") return is > value;
    return comparison == "<=" ? is <= value : is >= value;
}

}  // namespace

std::optional<JsonPath::Step> JsonPath::bracket(std::string_view inside) {
    inside = trimmed(inside);
    if (inside == "*") return Every{};
    if (auto names = quoted_names(inside); !names.empty()) return Field{std::move(names)};
    if (inside.starts_with("?(") && inside.ends_with(")")) {
        const auto condition = trimmed(inside.substr(2, inside.size() - 3));
        if (!condition.starts_with("@")) return std::nullopt;
        for (const char* comparison : {"==", "!=", "<=", ">=", "<", ">"}) {
            const auto place = condition.find(comparison);
            if (place == std::string_view::npos) continue;
            auto path = parse(trimmed(condition.substr(1, place - 1)));
            const auto right = trimmed(condition.substr(place + std::string_view(comparison).size()));
            if (!path) return std::nullopt;
            Json value =
                is_quoted(right) ? Json(right.substr(1, right.size() - 2)) : Json::parse(right, nullptr, false);
            if (value.is_discarded()) return std::nullopt;
            return Filter{{std::move(*path)}, comparison, std::move(value)};
        }
        auto path = parse(condition.substr(1));
        if (!path) return std::nullopt;
        return Filter{{std::move(*path)}, "", {}};
    }
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
    if (error != std::errc() || end != inside.data() + inside.size()) return std::nullopt;
    return Index{index};
}

std::optional<JsonPath> JsonPath::parse(std::string_view text) {
    JsonPath path;
    if (text.starts_with('$')) text.remove_prefix(1);
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '[') {
            const auto end = closing(text, at);
            if (end == std::string_view::npos) return std::nullopt;
            auto step = bracket(text.substr(at + 1, end - at - 1));
            if (!step) return std::nullopt;
            path.steps_.push_back(std::move(*step));
            at = end + 1;
            continue;
        }
        if (text[at] == '.') {
            ++at;
        } else if (at > 0) {
            return std::nullopt;
        }
        std::string name;
        for (; at < text.size() && text[at] != '.' && text[at] != '['; ++at) {
            // A dot that is part of a name: ".metadata.annotations.example\.com/x".
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            name += text[at];
        }
        if (name.empty()) return std::nullopt;
        path.steps_.push_back(name == "*" ? Step(Every{}) : Step(Field{{std::move(name)}}));
    }
    return path;
}

void JsonPath::take(const Step& step, const Json& from, std::vector<const Json*>& found) {
    std::visit(Match{[&](const Field& field) {
                         if (!from.is_object()) return;
                         for (const auto& name : field.names) {
                             if (const auto at = from.find(name); at != from.end()) found.push_back(&*at);
                         }
                     },
                     [&](const Index& index) {
                         if (!from.is_array()) return;
                         const auto size = static_cast<std::int64_t>(from.size());
                         const auto at = index.at < 0 ? index.at + size : index.at;
                         if (at >= 0 && at < size) found.push_back(&from[static_cast<std::size_t>(at)]);
                     },
                     [&](const Every&) {
                         if (!from.is_structured()) return;
                         for (const auto& inner : from) found.push_back(&inner);
                     },
                     [&](const Filter& filter) {
                         if (!from.is_array()) return;
                         for (const auto& inner : from) {
                             const Json* value = filter.path.front().first(inner);
                             if (value && (filter.comparison.empty() || holds(*value, filter.comparison, filter.value)))
                                 found.push_back(&inner);
                         }
                     }},
               step);
}

std::vector<const Json*> JsonPath::find(const Json& document) const {
    std::vector<const Json*> found{&document};
    for (const auto& step : steps_) {
        std::vector<const Json*> next;
        for (const Json* from : found) take(step, *from, next);
        found = std::move(next);
    }
    return found;
}

const Json* JsonPath::first(const Json& document) const {
    const auto found = find(document);
    return found.empty() ? nullptr : found.front();
}

std::string printed(const Json& value) {
    if (value.is_null()) return "<nil>";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return fmt::format("{}", value.get<double>());
    if (!value.is_structured()) return value.dump();
    std::string text = value.is_object() ? "map[" : "[";
    bool first = true;
    for (const auto& [key, inner] : value.items()) {
        if (!first) text += ' ';
        first = false;
        if (value.is_object()) text += key + ":";
        text += printed(inner);
    }
    return text + "]";
}

}  // namespace moontide::sandbox
