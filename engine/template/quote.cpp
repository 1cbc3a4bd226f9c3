#include "template/quote.hpp"

#include "template/unicode.hpp"

#include <fmt/format.h>

namespace moontide::templates {
namespace {

void append_escaped(std::string& out, char32_t rune, char quote, Letters letters) {
    if (rune == static_cast<char32_t>(quote) || rune == '\\') {
        out += '\\';
        out += static_cast<char>(rune);
        return;
    }
    if ((letters == Letters::all || rune < 0x80) && is_printable(rune)) {
        append_rune(out, rune);
        return;
    }
    switch (rune) {
        case '\a':
            out += "\\a";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\v':
            out += "\\v";
            return;
        default:
            break;
    }
    const auto code = static_cast<std::uint32_t>(rune);
    out += rune < ' ' || rune == 0x7F ? fmt::format("\\x{:02x}", code)
           : rune < 0x10000           ? fmt::format("\\u{:04x}", code)
                                      : fmt::format("\\U{:08x}", code);
}

/// One character of a literal, at `at`, which moves on. What \x and \377 give are bytes, all else are runes.
struct Unescaped {
    char32_t value;
    bool byte;
};

std::optional<char32_t> digits(std::string_view literal, std::size_t& at, std::size_t count, unsigned base) {
    char32_t value = 0;
    for (std::size_t read = 0; read < count; ++read, ++at) {
        if (at >= literal.size()) return std::nullopt;
        const char digit = literal[at];
        unsigned number = 16;
        if (digit >= '0' && digit <= '9') number = static_cast<unsigned>(digit - '0');
        if (digit >= 'a' && digit <= 'f') number = static_cast<unsigned>(digit - 'a' + 10);
        if (digit >= 'A' && digit <= 'F') number = static_cast<unsigned>(digit - 'A' + 10);
        if (number >= base) return std::nullopt;
        value = value * base + number;
    }
    return value;
}

std::optional<Unescaped> unescaped(std::string_view literal, std::size_t& at, char quote) {
    const Rune found = rune_at(literal, at);
    if (literal[at] == quote || literal[at] == '\n') return std::nullopt;
    at += found.size;
    if (found.rune != '\\') return Unescaped{found.rune, false};
    if (at >= literal.size()) return std::nullopt;
    const char letter = literal[at++];
    const auto rune = [](char32_t value) { return std::optional(Unescaped{value, false}); };
    switch (letter) {
        case 'a':
            return rune('\a');
        case 'b':
            return rune('\b');
        case 'f':
            return rune('\f');
        case 'n':
            return rune('\n');
        case 'r':
            return rune('\r');
        case 't':
            return rune('\t');
        case 'v':
            return rune('\v');
        case '\\':
            return rune('\\');
        case '\'':
        case '"':
            if (letter != quote) return std::nullopt;
            return rune(static_cast<char32_t>(letter));
        case 'x': {
            const auto value = digits(literal, at, 2, 16);
            if (!value) return std::nullopt;
            return Unescaped{*value, true};
        }
        case 'u':
        case 'U': {
            const auto value = digits(literal, at, letter == 'u' ? 4 : 8, 16);
            if (!value || *value > 0x10FFFF || (*value >= 0xD800 && *value <= 0xDFFF)) return std::nullopt;
            return rune(*value);
        }
        default: {
            if (letter < '0' || letter > '7') return std::nullopt;
            --at;
            const auto value = digits(literal, at, 3, 8);
            if (!value || *value > 255) return std::nullopt;
            return Unescaped{*value, true};
        }
    }
}

}  // namespace

std::string quoted_text(std::string_view text, Letters letters) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        if (found.rune == replacement_rune && found.size == 1) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
        } else {
            append_escaped(out, found.rune, '"', letters);
        }
        at += found.size;
    }
    return out + '"';
}

std::string quoted_rune(char32_t rune, Letters letters) {
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF)) rune = replacement_rune;
    std::string out = "'";
    append_escaped(out, rune, '\'', letters);
    return out + '\'';
}

bool can_backquote(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        at += found.size;
        if (found.size > 1) {
            if (found.rune == 0xFEFF) return false;
            continue;
        }
        if (found.rune == replacement_rune || (found.rune < ' ' && found.rune != '\t') || found.rune == '`' ||
            found.rune == 0x7F) {
            return false;
        }
    }
    return true;
}

std::optional<std::string> unquoted(std::string_view literal) {
    if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
    const char quote = literal.front();
    const std::string_view inner = literal.substr(1, literal.size() - 2);
    std::string text;
    if (quote == '`') {
        if (inner.find('`') != std::string_view::npos) return std::nullopt;
        for (const char character : inner) {
            if (character != '\r') text += character;
        }
        return text;
    }
    for (std::size_t at = 0; at < inner.size();) {
        const std::size_t begin = at;
        const auto one = unescaped(inner, at, quote);
        if (!one) return std::nullopt;
        if (one->byte) {
            text += static_cast<char>(static_cast<unsigned char>(one->value));
        } else if (inner[begin] != '\\') {
            text += inner.substr(begin, at - begin);
        } else {
            append_rune(text, one->value);
        }
    }
    return text;
}

std::optional<UnquotedRune> unquoted_rune(std::string_view literal) {
    std::size_t at = 1;
    if (literal.size() < 2) return std::nullopt;
    const auto one = unescaped(literal, at, '\'');
    if (!one) return std::nullopt;
    return UnquotedRune{one->value, literal.substr(at)};
}

}  // namespace moontide::templates
