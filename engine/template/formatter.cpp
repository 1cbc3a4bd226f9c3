#include "template/formatter.hpp"

#include "template/budget.hpp"
#include "template/digits.hpp"
#include "template/failure.hpp"
#include "template/quote.hpp"
#include "template/unicode.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::templates {

void Formatter::write(std::string_view text) {
    if (out_.size() + text.size() > longest_) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    out_ += text;
}

void Formatter::fill(std::size_t count, char with) {
    if (out_.size() + count > longest_) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    out_.append(count, with);
}

void Formatter::padding(int count) {
    if (count > 0) fill(static_cast<std::size_t>(count), flags_.zero && !flags_.minus ? '0' : ' ');
}

void Formatter::pad(std::string_view text) {
    if (!flags_.width || *flags_.width == 0) return write(text);
    const int width = *flags_.width - static_cast<int>(count_runes(text));
    if (!flags_.minus) padding(width);
    write(text);
    if (flags_.minus) padding(width);
}

void Formatter::pad_without_zeros(std::string_view text) {
    const bool zero = std::exchange(flags_.zero, false);
    pad(text);
    flags_.zero = zero;
}

void Formatter::bad_verb(const Value& given, char32_t verb) {
    write("%!");
    std::string letter;
    append_rune(letter, verb);
    write(letter);
    if (given.nil()) return write("(<nil>)");
    write("(");
    write(name_of(given.type()));
    write("=");
    value(given, 'v');
    write(")");
}

void Formatter::boolean(const Value& value, char32_t verb) {
    if (verb != 't' && verb != 'v') return bad_verb(value, verb);
    pad(value.boolean() ? "true" : "false");
}

void Formatter::integer(const Value& value, char32_t verb) {
    const auto number = static_cast<std::uint64_t>(value.integer());
    const bool is_signed = value.type() != Type::byte;
    switch (verb) {
        case 'v':
            if (flags_.sharp_v && !is_signed) {
                const bool sharp = std::exchange(flags_.sharp, true);
                integer(number, 16, false, verb, false);
                flags_.sharp = sharp;
                return;
            }
            return integer(number, 10, is_signed, verb, false);
        case 'd':
            return integer(number, 10, is_signed, verb, false);
        case 'b':
            return integer(number, 2, is_signed, verb, false);
        case 'o':
        case 'O':
            return integer(number, 8, is_signed, verb, false);
        case 'x':
        case 'X':
            return integer(number, 16, is_signed, verb, verb == 'X');
        case 'c':
        case 'q': {
            const auto rune = number > 0x10FFFF ? replacement_rune : static_cast<char32_t>(number);
            if (verb == 'q') return pad(quoted_rune(rune, flags_.plus ? Letters::ascii : Letters::all));
            std::string text;
            append_rune(text, rune);
            return pad(text);
        }
        case 'U':
            return unicode(number);
        default:
            return bad_verb(value, verb);
    }
}

void Formatter::unicode(std::uint64_t value) {
    std::string text = fmt::format("{:X}", value);
    const auto least = static_cast<std::size_t>(std::max(flags_.precision.value_or(4), 4));
    if (least > longest_) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    if (text.size() < least) text.insert(0, least - text.size(), '0');
    text.insert(0, "U+");
    if (flags_.sharp && value <= 0x10FFFF && is_printable(static_cast<char32_t>(value))) {
        text += " '";
        append_rune(text, static_cast<char32_t>(value));
        text += '\'';
    }
    pad_without_zeros(text);
}

void Formatter::integer(std::uint64_t value, unsigned base, bool is_signed, char32_t verb, bool capitals) {
    const bool negative = is_signed && static_cast<std::int64_t>(value) < 0;
    if (negative) value = 0 - value;
    // Precision, or zeros up to the width, are digits.
    std::size_t least = 0;
    if (flags_.precision) {
        least = static_cast<std::size_t>(*flags_.precision);
        if (least == 0 && value == 0) {
            const bool zero = std::exchange(flags_.zero, false);
            padding(flags_.width.value_or(0));
            flags_.zero = zero;
            return;
        }
    } else if (flags_.zero && !flags_.minus && flags_.width) {
        const int sign = negative || flags_.plus || flags_.space ? 1 : 0;
        least = static_cast<std::size_t>(std::max(*flags_.width - sign, 0));
    }
    if (least > longest_) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    std::string text;
    const std::string_view letters = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        text += letters[value % base];
        value /= base;
    } while (value > 0);
    if (text.size() < least) text.append(least - text.size(), '0');
    if (flags_.sharp) {
        if (base == 2) text += "b0";
        if (base == 8 && text.back() != '0') text += '0';
        if (base == 16) text += capitals ? "X0" : "x0";
    }
    if (verb == 'O') text += "o0";
    if (negative) {
        text += '-';
    } else if (flags_.plus) {
        text += '+';
    } else if (flags_.space) {
        text += ' ';
    }
    std::ranges::reverse(text);
    pad_without_zeros(text);
}

void Formatter::real(const Value& value, char32_t verb) {
    switch (verb) {
        case 'v':
            return real(value.real(), 'g', -1);
        case 'b':
        case 'g':
        case 'G':
        case 'x':
        case 'X':
            return real(value.real(), static_cast<char>(verb), -1);
        case 'e':
        case 'E':
        case 'f':
            return real(value.real(), static_cast<char>(verb), 6);
        case 'F':
            return real(value.real(), 'f', 6);
        default:
            return bad_verb(value, verb);
    }
}

void Formatter::real(double value, char verb, int precision) {
    precision = flags_.precision.value_or(precision);
    if (precision > static_cast<int>(longest_)) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    std::string text = real_text(value, verb, precision);
    if (text.front() != '-' && text.front() != '+') text.insert(0, "+");
    if (flags_.space && text.front() == '+' && !flags_.plus) text.front() = ' ';
    if (text[1] == 'I' || text[1] == 'N') {
        if (text[1] == 'N' && !flags_.space && !flags_.plus) text.erase(0, 1);
        return pad_without_zeros(text);
    }
    if (flags_.sharp && verb != 'b') {
        // # keeps the point, and the zeros that g leaves out.
        int digits = verb == 'g' || verb == 'G' || verb == 'x' ? (precision == -1 ? 6 : precision) : 0;
        const auto letters = verb == 'x' || verb == 'X' ? "pP" : "eE";
        const auto tail_at = std::min(text.find_first_of(letters), text.size());
        const std::string tail = text.substr(tail_at);
        text.resize(tail_at);
        bool significant = false;
        for (const char character : std::string_view(text).substr(1)) {
            if (character == '.') continue;
            significant = significant || character != '0';
            if (significant) --digits;
        }
        if (text.find('.') == std::string::npos) {
            // The zero of "0" is a digit that counts.
            if (text.size() == 2 && text[1] == '0') --digits;
            text += '.';
        }
        if (digits > 0) text.append(static_cast<std::size_t>(digits), '0');
        text += tail;
    }
    if (!flags_.plus && text.front() == '+') return pad(std::string_view(text).substr(1));
    if (flags_.zero && !flags_.minus && flags_.width && *flags_.width > static_cast<int>(text.size())) {
        // The sign stands before the zeros.
        write(text.substr(0, 1));
        padding(*flags_.width - static_cast<int>(text.size()));
        return write(std::string_view(text).substr(1));
    }
    pad(text);
}

void Formatter::text(const Value& value, char32_t verb) {
    std::string_view given = value.text();
    if (verb == 'x' || verb == 'X') return hexadecimal(given, verb == 'X');
    const bool quote = verb == 'q' || (verb == 'v' && flags_.sharp_v);
    if (!quote && verb != 'v' && verb != 's') return bad_verb(value, verb);
    if (flags_.precision) {
        std::size_t end = 0;
        for (int runes = 0; runes < *flags_.precision && end < given.size(); ++runes) end += rune_at(given, end).size;
        given = given.substr(0, end);
    }
    if (!quote) return pad(given);
    if (flags_.sharp && can_backquote(given)) return pad("`" + std::string(given) + "`");
    pad(quoted_text(given, flags_.plus ? Letters::ascii : Letters::all));
}

void Formatter::hexadecimal(std::string_view text, bool capitals) {
    if (flags_.precision) text = text.substr(0, static_cast<std::size_t>(*flags_.precision));
    if (text.empty()) return padding(flags_.width.value_or(0));
    if (text.size() > longest_) throw Exhausted(fmt::format("a text longer than {} bytes", longest_));
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (flags_.space && at > 0) made += ' ';
        if (flags_.sharp && (flags_.space || at == 0)) made += capitals ? "0X" : "0x";
        const auto byte = static_cast<unsigned char>(text[at]);
        made += capitals ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
    }
    pad(made);
}

void Formatter::inner(const Value& given, char32_t verb) {
    if (given.nil()) return write(flags_.sharp_v ? "interface {}(nil)" : "<nil>");
    value(given, verb);
}

void Formatter::list(const Value& value, char32_t verb) {
    if (flags_.sharp_v) write(name_of(value.type()));
    write(flags_.sharp_v ? "{" : "[");
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (at > 0) write(flags_.sharp_v ? ", " : " ");
        inner(value.at(at), verb);
    }
    write(flags_.sharp_v ? "}" : "]");
}

void Formatter::map(const Value& value, char32_t verb) {
    if (flags_.sharp_v) write(name_of(value.type()));
    write(flags_.sharp_v ? "{" : "map[");
    bool first = true;
    for (const auto& [key, element] : value.json().items()) {
        if (!first) write(flags_.sharp_v ? ", " : " ");
        first = false;
        text(Value::of(key), verb);
        write(":");
        inner(value.child(element), verb);
    }
    write(flags_.sharp_v ? "}" : "]");
}

void Formatter::value(const Value& value, char32_t verb) {
    if (value.nil()) {
        if (verb == 'T' || verb == 'v') return pad("<nil>");
        return bad_verb(value, verb);
    }
    if (verb == 'T' && depth_ == 0) {
        return text(Value::of(std::string(name_of(value.type()))), 's');
    }
    if (verb == 'p' && depth_ == 0) return bad_verb(value, verb);
    if (depth_ >= deepest_value) throw Exhausted(fmt::format("a value deeper than {}", deepest_value));
    switch (value.type()) {
        case Type::nothing:
            return;
        case Type::boolean:
            return boolean(value, verb);
        case Type::integer:
        case Type::integer64:
        case Type::byte:
            return integer(value, verb);
        case Type::real:
            return real(value, verb);
        case Type::text:
            return text(value, verb);
        case Type::list:
        case Type::texts:
        case Type::map:
        case Type::text_map:
            break;
    }
    if (verb == 'w' && depth_ == 0) return bad_verb(value, verb);
    ++depth_;
    if (value.is_list()) {
        list(value, verb);
    } else {
        map(value, verb);
    }
    --depth_;
}

void Formatter::print(std::span<const Value> values) {
    bool text_before = false;
    for (std::size_t at = 0; at < values.size(); ++at) {
        const bool is_text = values[at].type() == Type::text;
        if (at > 0 && !is_text && !text_before) write(" ");
        value(values[at], 'v');
        text_before = is_text;
    }
}

void Formatter::print_line(std::span<const Value> values) {
    for (std::size_t at = 0; at < values.size(); ++at) {
        if (at > 0) write(" ");
        value(values[at], 'v');
    }
    write("\n");
}

std::string printed(const Value& value, std::size_t longest) {
    if (value.type() == Type::text) {
        if (value.size() > longest) throw Exhausted(fmt::format("a text longer than {} bytes", longest));
        return value.text();
    }
    Formatter formatter(longest);
    formatter.value(value, 'v');
    return formatter.take();
}

}  // namespace moontide::templates
