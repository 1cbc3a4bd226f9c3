#include "template/yaml_writer.hpp"

#include "template/digits.hpp"
#include "template/json_text.hpp"
#include "template/unicode.hpp"
#include "template/yaml_scalar.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace moontide::templates {

using Json = nlohmann::json;

namespace {

constexpr int best_width = 80;

unsigned char byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

/// What libyaml calls printable: runes beyond U+FFFF are not.
bool printable(std::string_view text, std::size_t at) {
    const unsigned char first = byte_at(text, at);
    const unsigned char second = byte_at(text, at + 1);
    const unsigned char third = byte_at(text, at + 2);
    return first == '\n' || (first >= 0x20 && first <= 0x7E) || (first == 0xC2 && second >= 0xA0) ||
           (first > 0xC2 && first < 0xED) || (first == 0xED && second < 0xA0) || first == 0xEE ||
           (first == 0xEF && !(second == 0xBB && third == 0xBF) &&
            !(second == 0xBF && (third == 0xBE || third == 0xBF)));
}

bool line_break(char32_t rune) {
    return rune == '\r' || rune == '\n' || rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

bool blank(char32_t rune) {
    return rune == ' ' || rune == '\t';
}

/// As Go's JSON has it, which comes first: U+FFFD for each byte that is no UTF-8.
std::string replaced_bytes(std::string_view text) {
    std::string valid;
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        append_rune(valid, found.rune);
        at += found.size;
    }
    return valid;
}

enum class Style { plain, single_quoted, double_quoted, literal };

/// yaml_emitter_analyze_scalar: what styles a text allows.
struct Allowed {
    bool multiline = false;
    bool plain = true;
    bool single_quoted = true;
    bool block = true;
};

Allowed analyze(std::string_view text) {
    Allowed allowed;
    if (text.empty()) {
        allowed.block = false;
        return allowed;
    }
    bool indicators = text.starts_with("---") || text.starts_with("...");
    bool special = false;
    bool space_break = false;
    bool break_space = false;
    bool space_before = false;
    bool break_before = false;
    bool white_before = true;
    const auto first = text.front();
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        const std::size_t next = at + found.size;
        const bool white_after = next >= text.size() || blank(byte_at(text, next));
        const char character = text[at];
        if (at == 0) {
            if (std::string_view("#,[]{}&*!|>'\"%@`").find(character) != std::string_view::npos) indicators = true;
            if ((character == '?' || character == ':' || character == '-') && white_after) indicators = true;
        } else if ((character == ':' && white_after) || (character == '#' && white_before)) {
            indicators = true;
        }
        if (!printable(text, at)) special = true;
        if (character == ' ') {
            break_space = break_space || break_before;
            space_before = true;
            break_before = false;
        } else if (line_break(found.rune)) {
            allowed.multiline = true;
            space_break = space_break || space_before;
            space_before = false;
            break_before = true;
        } else {
            space_before = break_before = false;
        }
        white_before = blank(found.rune) || line_break(found.rune) || found.rune == 0;
        at = next;
    }
    const bool bare_ends =
        first == ' ' || first == '\n' || space_before || break_before || line_break(rune_at(text, 0).rune);
    if (bare_ends || break_space || special || space_break || allowed.multiline || indicators) allowed.plain = false;
    if (break_space || special || space_break) allowed.single_quoted = false;
    if (space_before || special || space_break) allowed.block = false;
    return allowed;
}

/// keyList.Less: letters after all else, digits by their number.
bool natural_less(const std::string& one, const std::string& other) {
    std::vector<char32_t> a;
    std::vector<char32_t> b;
    for (std::size_t at = 0; at < one.size(); at += rune_at(one, at).size) a.push_back(rune_at(one, at).rune);
    for (std::size_t at = 0; at < other.size(); at += rune_at(other, at).size) b.push_back(rune_at(other, at).rune);
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (a[i] == b[i]) continue;
        const bool a_letter = is_letter(a[i]);
        const bool b_letter = is_letter(b[i]);
        if (a_letter && b_letter) return a[i] < b[i];
        if (a_letter || b_letter) return b_letter;
        std::uint64_t a_number = 0;
        std::uint64_t b_number = 0;
        if (a[i] == '0' || b[i] == '0') {
            // Zeros within a number that has begun count.
            for (std::size_t before = i; before > 0 && is_digit(a[before - 1]); --before) {
                if (a[before - 1] != '0') {
                    a_number = b_number = 1;
                    break;
                }
            }
        }
        std::size_t a_end = i;
        std::size_t b_end = i;
        for (; a_end < a.size() && is_digit(a[a_end]); ++a_end) a_number = a_number * 10 + (a[a_end] - '0');
        for (; b_end < b.size() && is_digit(b[b_end]); ++b_end) b_number = b_number * 10 + (b[b_end] - '0');
        if (a_number != b_number) return static_cast<std::int64_t>(a_number) < static_cast<std::int64_t>(b_number);
        if (a_end != b_end) return a_end < b_end;
        return a[i] < b[i];
    }
    return a.size() < b.size();
}

class Emitter {
public:
    std::string document(const Json& value) {
        node(value, false);
        write_indent();
        return std::move(out_);
    }

private:
    void put(std::string_view text) {
        out_ += text;
        column_ += static_cast<int>(count_runes(text));
    }
    void put_break() {
        out_ += '\n';
        column_ = 0;
    }
    void write_indent() {
        const int indent = std::max(indent_, 0);
        if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) put_break();
        if (column_ < indent) put(std::string(static_cast<std::size_t>(indent - column_), ' '));
        whitespace_ = indention_ = true;
    }
    void indicator(std::string_view text, bool needs_space, bool leaves_space, bool indents) {
        if (needs_space && !whitespace_) put(" ");
        put(text);
        whitespace_ = leaves_space;
        indention_ = indention_ && indents;
    }

    void node(const Json& value, bool in_map) {
        if (value.is_object() && !value.empty()) return map(value);
        if (value.is_array() && !value.empty()) return list(value, in_map);
        if (value.is_object()) return indicator("{}", true, false, false);
        if (value.is_array()) return indicator("[]", true, false, false);
        if (value.is_string()) return text(value.get_ref<const std::string&>(), false);
        scalar(value);
    }

    void scalar(const Json& value) {
        std::string plain = "null";
        if (value.is_boolean()) plain = value.get<bool>() ? "true" : "false";
        if (value.is_number()) {
            // Through JSON first, as sigs.k8s.io/yaml does: what reads as an integer there is one.
            plain = json_number(value);
            if (plain.find_first_of(".e") != std::string::npos) plain = real_text(value.get<double>(), 'g', -1);
        }
        write_plain(plain, false);
    }

    void list(const Json& value, bool in_map) {
        const int before = indent_;
        if (indent_ < 0) {
            indent_ = 0;
        } else if (!(in_map && !indention_)) {
            indent_ += 2;
        }
        for (const Json& element : value) {
            write_indent();
            indicator("-", true, false, true);
            node(element, false);
        }
        indent_ = before;
    }

    void map(const Json& value) {
        const int before = indent_;
        indent_ = indent_ < 0 ? 0 : indent_ + 2;
        std::vector<const std::string*> keys;
        for (const auto& item : value.items()) keys.push_back(&item.key());
        std::ranges::stable_sort(keys, [](const auto* one, const auto* other) { return natural_less(*one, *other); });
        for (const std::string* key : keys) {
            write_indent();
            if (!analyze(*key).multiline && key->size() <= 128) {
                text(*key, true);
                indicator(":", false, false, false);
            } else {
                indicator("?", true, false, true);
                text(*key, false);
                write_indent();
                indicator(":", true, false, true);
            }
            node(value[*key], true);
        }
        indent_ = before;
    }

    void text(const std::string& text, bool simple_key) {
        // What stands on further lines is deeper.
        const int before = indent_;
        indent_ = indent_ < 0 ? 2 : indent_ + 2;
        styled(valid_utf8(text) ? text : replaced_bytes(text), simple_key);
        indent_ = before;
    }

    void styled(const std::string& text, bool simple_key) {
        const Allowed allowed = analyze(text);
        Style style = Style::double_quoted;
        if (text.find('\n') != std::string::npos) {
            style = allowed.block && !simple_key ? Style::literal : Style::double_quoted;
        } else if (resolved(text).scalar == Scalar::text && !base_sixty(text)) {
            style = allowed.plain ? Style::plain : allowed.single_quoted ? Style::single_quoted : Style::double_quoted;
        }
        switch (style) {
            case Style::plain:
                return write_plain(text, !simple_key);
            case Style::single_quoted:
                return write_single_quoted(text, !simple_key);
            case Style::double_quoted:
                return write_double_quoted(text, !simple_key);
            case Style::literal:
                return write_literal(text);
        }
    }

    bool folds(bool breaks, bool spaces) const { return breaks && !spaces && column_ > best_width; }

    void write_plain(std::string_view text, bool breaks) {
        if (!whitespace_) put(" ");
        bool spaces = false;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = rune_at(text, at).size;
            const bool space = text[at] == ' ';
            if (space && folds(breaks, spaces) && byte_at(text, at + 1) != ' ') {
                write_indent();
            } else {
                put(text.substr(at, size));
            }
            if (!space) indention_ = false;
            spaces = space;
            at += size;
        }
        whitespace_ = indention_ = false;
    }

    void write_single_quoted(std::string_view text, bool breaks) {
        indicator("'", true, false, false);
        bool spaces = false;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = rune_at(text, at).size;
            const bool space = text[at] == ' ';
            if (space && folds(breaks, spaces) && at > 0 && at + 1 < text.size() && text[at + 1] != ' ') {
                write_indent();
            } else {
                if (text[at] == '\'') put("'");
                put(text.substr(at, size));
            }
            if (!space) indention_ = false;
            spaces = space;
            at += size;
        }
        indicator("'", false, false, false);
        whitespace_ = indention_ = false;
    }

    static std::string escaped(char32_t rune) {
        constexpr std::pair<char32_t, char> letters[] = {
            {0x00, '0'}, {0x07, 'a'}, {0x08, 'b'},  {0x09, 't'}, {0x0A, 'n'}, {0x0B, 'v'},   {0x0C, 'f'},   {0x0D, 'r'},
            {0x1B, 'e'}, {'"', '"'},  {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'},
        };
        for (const auto& [special, letter] : letters) {
            if (special == rune) return std::string("\\") + letter;
        }
        const auto code = static_cast<std::uint32_t>(rune);
        return code <= 0xFF     ? fmt::format("\\x{:02X}", code)
               : code <= 0xFFFF ? fmt::format("\\u{:04X}", code)
                                : fmt::format("\\U{:08X}", code);
    }

    void write_double_quoted(std::string_view text, bool breaks) {
        indicator("\"", true, false, false);
        bool spaces = false;
        for (std::size_t at = 0; at < text.size();) {
            const Rune found = rune_at(text, at);
            bool space = false;
            if (!printable(text, at) || found.rune == 0xFEFF || line_break(found.rune) || found.rune == '"' ||
                found.rune == '\\') {
                put(escaped(found.rune));
            } else if (text[at] == ' ') {
                space = true;
                if (folds(breaks, spaces) && at > 0 && at + 1 < text.size()) {
                    write_indent();
                    if (text[at + 1] == ' ') put("\\");
                } else {
                    put(" ");
                }
            } else {
                put(text.substr(at, found.size));
            }
            spaces = space;
            at += found.size;
        }
        indicator("\"", false, false, false);
        whitespace_ = indention_ = false;
    }

    void write_literal(std::string_view text) {
        indicator("|", true, false, false);
        if (text.front() == ' ' || line_break(rune_at(text, 0).rune)) indicator("2", false, false, false);
        if (!text.ends_with('\n')) {
            indicator("-", false, false, false);
        } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
            indicator("+", false, false, false);
        }
        put_break();
        whitespace_ = indention_ = true;
        bool breaks = true;
        for (std::size_t at = 0; at < text.size();) {
            const Rune found = rune_at(text, at);
            if (line_break(found.rune)) {
                if (found.rune == '\n') {
                    put_break();
                } else {
                    put(text.substr(at, found.size));
                    column_ = 0;
                }
                indention_ = breaks = true;
            } else {
                if (breaks) write_indent();
                put(text.substr(at, found.size));
                indention_ = breaks = false;
            }
            at += found.size;
        }
    }

    std::string out_;
    int column_ = 0;
    int indent_ = -1;
    bool whitespace_ = true;
    bool indention_ = true;
};

}  // namespace

std::string yaml_text(const Json& value) {
    return Emitter().document(value);
}

}  // namespace moontide::templates
