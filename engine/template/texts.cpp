// sprig's functions on texts.
#include "template/failure.hpp"
#include "template/formatter.hpp"
#include "template/functions.hpp"
#include "template/quote.hpp"
#include "template/unicode.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

/// The text without the runes at both ends that `cut` names.
template <typename Cut>
std::string_view trimmed(std::string_view text, Cut cut) {
    while (!text.empty()) {
        const Rune first = rune_at(text, 0);
        if (!cut(first.rune)) break;
        text.remove_prefix(first.size);
    }
    while (!text.empty()) {
        // Back to where the last rune begins, but over no more than a rune has.
        std::size_t begin = text.size() - 1;
        for (std::size_t back = 1; back < 4 && begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80;
             ++back) {
            --begin;
        }
        Rune last = rune_at(text, begin);
        if (begin + last.size != text.size()) last = {replacement_rune, 1};
        if (!cut(last.rune)) break;
        text.remove_suffix(last.size);
    }
    return text;
}

std::string replaced(Meter& meter, std::string_view text, std::string_view old, std::string_view with) {
    meter.search(text.size(), old.size());
    std::string result;
    const auto add = [&](std::string_view part) {
        result += part;
        meter.check_length(result.size());
    };
    if (old.empty()) {
        // Go puts it before each rune, and at the end.
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = rune_at(text, at).size;
            add(with);
            add(text.substr(at, size));
            at += size;
        }
        add(with);
        return result;
    }
    for (;;) {
        const auto found = text.find(old);
        add(text.substr(0, found));
        if (found == std::string_view::npos) return result;
        add(with);
        text.remove_prefix(found + old.size());
    }
}

std::string indented(Meter& meter, Arguments arguments) {
    const std::int64_t count = arguments[0].integer();
    if (count < 0) throw CallFailure("strings: negative Repeat count");
    meter.check_length(static_cast<std::size_t>(count));
    const std::string spaces(static_cast<std::size_t>(count), ' ');
    return spaces + replaced(meter, arguments[1].text(), "\n", "\n" + spaces);
}

}  // namespace

std::string plain_text(Meter& meter, const Value& value) {
    std::string text = printed(value, meter.longest());
    meter.bytes(text.size());
    return text;
}

Value quote_function(Meter& meter, Arguments arguments) {
    std::string result;
    for (const Value& value : arguments) {
        if (value.nil()) continue;
        if (!result.empty()) result += ' ';
        result += quoted_text(plain_text(meter, value));
        meter.check_length(result.size());
    }
    return meter.text(std::move(result));
}

Value upper_function(Meter& meter, Arguments arguments) {
    return meter.text(upper(arguments[0].text()));
}

Value lower_function(Meter& meter, Arguments arguments) {
    return meter.text(lower(arguments[0].text()));
}

Value trim_function(Meter& meter, Arguments arguments) {
    return meter.text(std::string(trimmed(arguments[0].text(), is_space)));
}

Value trim_all_function(Meter& meter, Arguments arguments) {
    const std::string_view set = arguments[0].text();
    const std::string_view text = arguments[1].text();
    meter.step(set.size());
    return meter.text(std::string(trimmed(text, [&](char32_t rune) {
        meter.bytes(set.size());
        for (std::size_t at = 0; at < set.size();) {
            const Rune one = rune_at(set, at);
            if (one.rune == rune) return true;
            at += one.size;
        }
        return false;
    })));
}

Value trim_prefix_function(Meter& meter, Arguments arguments) {
    std::string_view text = arguments[1].text();
    if (text.starts_with(arguments[0].text())) text.remove_prefix(arguments[0].size());
    return meter.text(std::string(text));
}

Value trim_suffix_function(Meter& meter, Arguments arguments) {
    std::string_view text = arguments[1].text();
    if (text.ends_with(arguments[0].text())) text.remove_suffix(arguments[0].size());
    return meter.text(std::string(text));
}

Value replace_function(Meter& meter, Arguments arguments) {
    return meter.text(replaced(meter, arguments[2].text(), arguments[0].text(), arguments[1].text()));
}

Value contains_function(Meter& meter, Arguments arguments) {
    meter.search(arguments[1].size(), arguments[0].size());
    return Value::of(arguments[1].text().find(arguments[0].text()) != std::string::npos);
}

Value has_prefix_function(Meter&, Arguments arguments) {
    return Value::of(arguments[1].text().starts_with(arguments[0].text()));
}

Value has_suffix_function(Meter&, Arguments arguments) {
    return Value::of(arguments[1].text().ends_with(arguments[0].text()));
}

Value indent_function(Meter& meter, Arguments arguments) {
    return meter.text(indented(meter, arguments));
}

Value nindent_function(Meter& meter, Arguments arguments) {
    return meter.text("\n" + indented(meter, arguments));
}

}  // namespace moontide::templates
