// sprig's functions that make, take apart and ask lists and maps.
#include "template/functions.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::templates {
namespace {

/// strings.Split: by runes where the separator is empty.
std::vector<std::string_view> parts(std::string_view separator, std::string_view text) {
    std::vector<std::string_view> found;
    if (separator.empty()) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = rune_at(text, at).size;
            found.push_back(text.substr(at, size));
            at += size;
        }
        return found;
    }
    for (;;) {
        const auto end = text.find(separator);
        found.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return found;
        text.remove_prefix(end + separator.size());
    }
}

}  // namespace

std::vector<std::string> plain_texts(Meter& meter, const Value& value) {
    std::vector<std::string> texts;
    if (!value.is_list()) {
        if (!value.nil()) texts.push_back(plain_text(meter, value));
        return texts;
    }
    for (std::size_t at = 0; at < value.size(); ++at) {
        meter.step();
        const Value element = value.at(at);
        if (!element.nil()) texts.push_back(plain_text(meter, element));
    }
    return texts;
}

Value split_function(Meter& meter, Arguments arguments) {
    Json map = Json::object();
    std::size_t index = 0;
    meter.search(arguments[1].size(), arguments[0].size());
    for (const std::string_view part : parts(arguments[0].text(), arguments[1].text())) {
        meter.step();
        map["_" + std::to_string(index++)] = std::string(part);
    }
    return Value::of(std::move(map), Type::text_map);
}

Value join_function(Meter& meter, Arguments arguments) {
    std::string joined;
    bool first = true;
    for (const std::string& text : plain_texts(meter, arguments[1])) {
        if (!first) joined += arguments[0].text();
        first = false;
        joined += text;
        meter.check_length(joined.size());
    }
    return meter.text(std::move(joined));
}

Value list_function(Meter& meter, Arguments arguments) {
    Json list = Json::array();
    for (const Value& value : arguments) list.push_back(meter.copy(value));
    return Value::of(std::move(list), Type::list);
}

Value dict_function(Meter& meter, Arguments arguments) {
    Json map = Json::object();
    for (std::size_t at = 0; at < arguments.size(); at += 2) {
        std::string key = plain_text(meter, arguments[at]);
        map[std::move(key)] = at + 1 < arguments.size() ? meter.copy(arguments[at + 1]) : Json("");
    }
    return Value::of(std::move(map), Type::map);
}

Value get_function(Meter&, Arguments arguments) {
    if (arguments[0].nil()) return Value::of(std::string());
    Value found = arguments[0].at(arguments[1].text());
    return found.valid() ? found : Value::of(std::string());
}

Value has_key_function(Meter&, Arguments arguments) {
    return Value::of(!arguments[0].nil() && arguments[0].at(arguments[1].text()).valid());
}

Value keys_function(Meter& meter, Arguments arguments) {
    Json keys = Json::array();
    for (const Value& map : arguments) {
        if (map.nil()) continue;
        for (const auto& [key, element] : map.json().items()) {
            meter.bytes(32 + key.size());
            keys.push_back(key);
        }
    }
    return Value::of(std::move(keys), Type::texts);
}

Value sort_alpha_function(Meter& meter, Arguments arguments) {
    if (!arguments[0].is_list()) return Value::of(Json::array({plain_text(meter, arguments[0])}), Type::texts);
    std::vector<std::string> texts = plain_texts(meter, arguments[0]);
    meter.step(texts.size());
    std::ranges::sort(texts);
    return Value::of(Json(std::move(texts)), Type::texts);
}

}  // namespace moontide::templates
