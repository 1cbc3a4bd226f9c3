// text/template's functions but the comparisons (funcs.go).
#include "template/failure.hpp"
#include "template/formatter.hpp"
#include "template/functions.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

std::size_t index_argument(const Value& index, std::size_t capacity) {
    if (index.nil()) throw CallFailure("cannot index slice/array with nil");
    if (!index.is_integer())
        throw CallFailure(fmt::format("cannot index slice/array with type {}", name_of(index.type())));
    const std::int64_t number = index.integer();
    if (number < 0 || static_cast<std::uint64_t>(number) > capacity)
        throw CallFailure(fmt::format("index out of range: {}", number));
    return static_cast<std::size_t>(number);
}

Value indexed(Meter& meter, const Value& item, const Value& index) {
    meter.step();
    if (item.nil()) throw CallFailure("index of nil pointer");
    if (item.is_list() || item.type() == Type::text) {
        const std::size_t at = index_argument(index, item.size());
        const bool is_text = item.type() == Type::text;
        // Go's check lets the length itself pass, and then panics.
        if (at == item.size())
            throw CallFailure(is_text ? "reflect: string index out of range" : "reflect: slice index out of range");
        return is_text ? Value::of_byte(static_cast<unsigned char>(item.text()[at])) : item.at(at);
    }
    if (!item.is_map()) throw CallFailure(fmt::format("can't index item of type {}", name_of(item.type())));
    if (index.nil()) throw CallFailure("value is nil; should be of type string");
    if (index.type() != Type::text)
        throw CallFailure(fmt::format("value has type {}; should be string", name_of(index.type())));
    Value found = item.at(index.text());
    if (found.valid()) return found;
    return item.type() == Type::text_map ? Value::of(std::string()) : Value::null();
}

/// evalArgs: the arguments of html, js and urlquery as one text.
std::string joined(Meter& meter, Arguments arguments) {
    if (arguments.size() == 1 && arguments[0].type() == Type::text) return arguments[0].text();
    std::vector<Value> shown(arguments.begin(), arguments.end());
    for (Value& value : shown) {
        if (value.nil()) value = Value::of(std::string("<no value>"));
    }
    Formatter formatter(meter.longest());
    formatter.print(shown);
    return formatter.take();
}

bool special_in_script(char32_t rune) {
    return rune == '\\' || rune == '\'' || rune == '"' || rune == '<' || rune == '>' || rune == '&' || rune == '=' ||
           rune < ' ' || rune >= 0x80;
}

}  // namespace

Value index_function(Meter& meter, Arguments arguments) {
    Value item = arguments[0];
    if (item.nil()) throw CallFailure("index of untyped nil");
    for (const Value& index : arguments.subspan(1)) item = indexed(meter, item, index);
    return item;
}

Value slice_function(Meter& meter, Arguments arguments) {
    const Value& item = arguments[0];
    const Arguments indexes = arguments.subspan(1);
    if (item.nil()) throw CallFailure("slice of untyped nil");
    if (indexes.size() > 3) throw CallFailure(fmt::format("too many slice indexes: {}", indexes.size()));
    const bool is_text = item.type() == Type::text;
    if (is_text && indexes.size() == 3) throw CallFailure("cannot 3-index slice a string");
    if (!is_text && !item.is_list())
        throw CallFailure(fmt::format("can't slice item of type {}", name_of(item.type())));
    std::array<std::size_t, 3> bounds{0, item.size(), item.size()};
    for (std::size_t at = 0; at < indexes.size(); ++at) bounds[at] = index_argument(indexes[at], item.size());
    if (bounds[0] > bounds[1]) throw CallFailure(fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1]));
    if (bounds[1] > bounds[2]) throw CallFailure(fmt::format("invalid slice index: {} > {}", bounds[1], bounds[2]));
    if (is_text) return meter.text(item.text().substr(bounds[0], bounds[1] - bounds[0]));
    Json part = Json::array();
    for (std::size_t at = bounds[0]; at < bounds[1]; ++at) part.push_back(meter.copy(item.at(at)));
    return Value::of(std::move(part), item.type());
}

Value len_function(Meter&, Arguments arguments) {
    const Value& item = arguments[0];
    // The words of reflect's panic.
    if (!item.valid()) throw CallFailure("reflect: call of reflect.Value.Type on zero Value");
    if (item.nil()) throw CallFailure("len of nil pointer");
    if (item.type() != Type::text && !item.is_list() && !item.is_map())
        throw CallFailure(fmt::format("len of type {}", name_of(item.type())));
    return Value::of_integer(static_cast<std::int64_t>(item.size()));
}

Value call_function(Meter&, Arguments arguments) {
    if (arguments[0].nil()) throw CallFailure("call of nil");
    throw CallFailure(fmt::format("a value of type {} is no function", name_of(arguments[0].type())));
}

Value not_function(Meter&, Arguments arguments) {
    return Value::of(!arguments[0].truth());
}

Value print_function(Meter& meter, Arguments arguments) {
    Formatter formatter(meter.longest());
    formatter.print(arguments);
    return meter.text(formatter.take());
}

Value printf_function(Meter& meter, Arguments arguments) {
    Formatter formatter(meter.longest());
    formatter.print_format(arguments[0].text(), arguments.subspan(1));
    return meter.text(formatter.take());
}

Value println_function(Meter& meter, Arguments arguments) {
    Formatter formatter(meter.longest());
    formatter.print_line(arguments);
    return meter.text(formatter.take());
}

Value html_function(Meter& meter, Arguments arguments) {
    std::string escaped;
    for (const char character : joined(meter, arguments)) {
        switch (character) {
            case '\0':
                escaped += "\uFFFD";
                break;
            case '"':
                escaped += "&#34;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            default:
                escaped += character;
        }
    }
    return meter.text(std::move(escaped));
}

Value js_function(Meter& meter, Arguments arguments) {
    const std::string given = joined(meter, arguments);
    std::string escaped;
    for (std::size_t at = 0; at < given.size();) {
        const Rune found = rune_at(given, at);
        const std::string_view bytes = std::string_view(given).substr(at, found.size);
        at += found.size;
        if (!special_in_script(found.rune)) {
            escaped += bytes;
        } else if (found.rune == '\\' || found.rune == '\'' || found.rune == '"') {
            escaped += '\\';
            escaped += bytes;
        } else if (found.rune >= 0x80 && is_printable(found.rune)) {
            escaped += bytes;
        } else {
            escaped += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(found.rune));
        }
    }
    return meter.text(std::move(escaped));
}

Value urlquery_function(Meter& meter, Arguments arguments) {
    std::string escaped;
    for (const char character : joined(meter, arguments)) {
        const bool plain = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
                           (character >= '0' && character <= '9') ||
                           std::string_view("-_.~").find(character) != std::string_view::npos;
        if (plain) {
            escaped += character;
        } else if (character == ' ') {
            escaped += '+';
        } else {
            escaped += fmt::format("%{:02X}", static_cast<unsigned char>(character));
        }
    }
    return meter.text(std::move(escaped));
}

}  // namespace moontide::templates
