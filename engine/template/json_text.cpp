#include "template/json_text.hpp"

#include "template/digits.hpp"
#include "template/unicode.hpp"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace moontide::templates {

using Json = nlohmann::json;

namespace {

void append_text(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        const std::string_view bytes = text.substr(at, found.size);
        at += found.size;
        switch (found.rune) {
            case '"':
                out += "\\\"";
                continue;
            case '\\':
                out += "\\\\";
                continue;
            case '\b':
                out += "\\b";
                continue;
            case '\f':
                out += "\\f";
                continue;
            case '\n':
                out += "\\n";
                continue;
            case '\r':
                out += "\\r";
                continue;
            case '\t':
                out += "\\t";
                continue;
            default:
                break;
        }
        const bool escaped = found.rune < ' ' || found.rune == '<' || found.rune == '>' || found.rune == '&' ||
                             found.rune == 0x2028 || found.rune == 0x2029 ||
                             (found.rune == replacement_rune && found.size == 1);
        if (escaped) {
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(found.rune));
        } else {
            out += bytes;
        }
    }
    out += '"';
}

void append(std::string& out, const Json& value) {
    if (value.is_object()) {
        out += '{';
        bool first = true;
        for (const auto& [key, element] : value.items()) {
            if (!first) out += ',';
            first = false;
            append_text(out, key);
            out += ':';
            append(out, element);
        }
        out += '}';
    } else if (value.is_array()) {
        out += '[';
        bool first = true;
        for (const Json& element : value) {
            if (!first) out += ',';
            first = false;
            append(out, element);
        }
        out += ']';
    } else if (value.is_string()) {
        append_text(out, value.get_ref<const std::string&>());
    } else if (value.is_number()) {
        out += json_number(value);
    } else if (value.is_boolean()) {
        out += value.get<bool>() ? "true" : "false";
    } else {
        out += "null";
    }
}

}  // namespace

std::string json_number(const Json& value) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX))
        return std::to_string(value.get<std::uint64_t>());
    if (value.is_number_integer() && !value.is_number_unsigned()) return std::to_string(value.get<std::int64_t>());
    // As ECMAScript does: plain between 1e-6 and 1e21.
    const double real = value.get<double>();
    const double size = std::fabs(real);
    if (size == 0 || (size >= 1e-6 && size < 1e21)) return real_text(real, 'f', -1);
    std::string text = real_text(real, 'e', -1);
    // e-09 is e-9.
    if (text.size() >= 4 && text[text.size() - 4] == 'e' && text[text.size() - 3] == '-' &&
        text[text.size() - 2] == '0')
        text.erase(text.size() - 2, 1);
    return text;
}

std::string json_text(const Json& value) {
    std::string out;
    append(out, value);
    return out;
}

}  // namespace moontide::templates
