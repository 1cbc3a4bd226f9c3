#include "store/row.hpp"

#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

namespace moontide::store {

namespace {

using nlohmann::json;

/// The number of the escape \uXXXX that begins at `at`.
std::optional<unsigned> escape_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return {};
    unsigned number = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
        const char digit = text[i];
        unsigned value = 0;
        if (digit >= '0' && digit <= '9') {
            value = static_cast<unsigned>(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = static_cast<unsigned>(digit - 'a') + 10;
        } else if (digit >= 'A' && digit <= 'F') {
            value = static_cast<unsigned>(digit - 'A') + 10;
        } else {
            return {};
        }
        number = number * 16 + value;
    }
    return number;
}

bool is_high(unsigned number) {
    return number >= 0xd800 && number <= 0xdbff;
}
bool is_low(unsigned number) {
    return number >= 0xdc00 && number <= 0xdfff;
}

std::string text_at(const json& parent, const char* key) {
    const auto found = parent.find(key);
    return found != parent.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The texts of an object's member; what else may be in it is none of the API's.
void add_texts(json& texts, const json& parent, const char* key) {
    const auto found = parent.find(key);
    if (found == parent.end() || !found->is_object()) return;
    for (const auto& [name, value] : found->items()) {
        if (value.is_string()) texts[name] = value;
    }
}

std::string text_of(const json& texts) {
    return storable(texts.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// Empty where there is none.
std::string texts_at(const json& parent, const char* key) {
    auto texts = json::object();
    add_texts(texts, parent, key);
    return texts.empty() ? std::string() : text_of(texts);
}

}  // namespace

std::string storable(std::string text) {
    if (text.find("\\u") == std::string::npos) return text;
    std::string out;
    out.reserve(text.size() + 16);
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] != '\\') {
            out += text[at++];
            continue;
        }
        const auto number = escape_at(text, at);
        if (!number) {
            // A backslash and what it escapes go together, so that an escaped backslash before a `u` is none of ours.
            out.append(text, at, 2);
            at += 2;
            continue;
        }
        const auto next = is_high(*number) ? escape_at(text, at + 6) : std::nullopt;
        if (next && is_low(*next)) {
            out.append(text, at, 12);
            at += 12;
            continue;
        }
        if (*number == 0 || is_high(*number) || is_low(*number)) out += '\\';
        out.append(text, at, 6);
        at += 6;
    }
    return out;
}

Result<Row> Row::of(std::string_view configmap) {
    const auto object = json::parse(configmap, nullptr, false);
    if (!object.is_object()) return fail("a ConfigMap for the database is no JSON object");
    const auto metadata = object.find("metadata");
    if (metadata == object.end() || !metadata->is_object()) return fail("a ConfigMap for the database has no metadata");

    Row row;
    row.key = {text_at(*metadata, "namespace"), text_at(*metadata, "name")};
    auto data = json::object();
    add_texts(data, object, "data");
    add_texts(data, object, "binaryData");
    row.data = text_of(data);
    row.labels = texts_at(*metadata, "labels");
    row.annotations = texts_at(*metadata, "annotations");
    return row;
}

}  // namespace moontide::store
