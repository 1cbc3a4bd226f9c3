#include "sandbox/decode.hpp"

#include "sandbox/protobuf.hpp"
#include "sandbox/yaml.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <simdjson.h>

namespace moontide::sandbox {

namespace {

constexpr int DEEPEST_JSON = 128;

/// What can be seen of a JSON text without parsing it.
struct Glance {
    int depth = 0;
    std::size_t keys = 0;
};

Glance glance(std::string_view text) {
    Glance seen;
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char character = text[i];
        if (in_string) {
            if (character == '\\') {
                ++i;
            } else if (character == '"') {
                in_string = false;
            }
        } else if (character == '"') {
            in_string = true;
        } else if (character == '{' || character == '[') {
            seen.depth = std::max(seen.depth, ++depth);
        } else if (character == '}' || character == ']') {
            --depth;
        } else if (character == ':') {
            ++seen.keys;
        }
    }
    return seen;
}

std::size_t keys_in(const Json& tree) {
    std::size_t count = tree.is_object() ? tree.size() : 0;
    if (tree.is_structured()) {
        for (const auto& inner : tree) count += keys_in(inner);
    }
    return count;
}

struct FieldSeen {
    std::string path;
    bool again = false;
};

/// Every field of the text in its order.
std::vector<FieldSeen> fields_in(const std::string& text) {
    struct Frame {
        bool list = false;
        std::size_t index = 0;
        std::string key;
        std::set<std::string> keys;
    };
    std::vector<Frame> frames;
    std::vector<FieldSeen> fields;
    const auto path = [&] {
        std::string text_path;
        for (const auto& frame : frames) {
            if (frame.list) {
                text_path += fmt::format("[{}]", frame.index);
            } else {
                text_path += (text_path.empty() ? "" : ".") + frame.key;
            }
        }
        return text_path;
    };
    const auto ended = [&] {
        if (!frames.empty() && frames.back().list) ++frames.back().index;
    };
    const auto parsed = Json::parse(text, [&](int, Json::parse_event_t event, Json& value) {
        switch (event) {
            case Json::parse_event_t::object_start:
                frames.push_back({});
                break;
            case Json::parse_event_t::array_start:
                frames.push_back({true, 0, {}, {}});
                break;
            case Json::parse_event_t::key: {
                frames.back().key = value.get<std::string>();
                const bool first = frames.back().keys.insert(frames.back().key).second;
                fields.push_back({path(), !first});
                break;
            }
            case Json::parse_event_t::object_end:
            case Json::parse_event_t::array_end:
                frames.pop_back();
                ended();
                break;
            case Json::parse_event_t::value:
                ended();
                break;
        }
        return true;
    });
    return fields;
}

/// Where keys stand twice: asked only when there are fewer in the tree than in the text.
std::vector<std::string> duplicates_in(const std::string& text) {
    std::vector<std::string> duplicates;
    for (auto& field : fields_in(text)) {
        if (field.again) duplicates.push_back(std::move(field.path));
    }
    return duplicates;
}

/// Go puts U+FFFD where bytes are not UTF-8.
std::string repaired(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        const auto character = text.substr(i, size);
        if (character.size() == size && simdjson::validate_utf8(character.data(), character.size())) {
            out += character;
            i += size;
        } else {
            out += "\xef\xbf\xbd";
            ++i;
        }
    }
    return out;
}

Failure unrecognized(const KindRow& kind, const std::string& why) {
    return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): {}", kind.kind, why));
}

}  // namespace

std::string in_short(const std::string& text) {
    constexpr std::size_t MOST = 30;
    if (text.empty()) return "<empty>";
    const auto begin = text.substr(0, MOST);
    const auto* more = text.size() > MOST ? " ..." : "";
    if (text.front() == '{') return begin + more;
    std::string hexadecimal;
    for (const char character : begin) hexadecimal += fmt::format("{:02x}", static_cast<unsigned char>(character));
    return hexadecimal + more;
}

std::string media_type(std::string_view content_type) {
    auto type = std::string(content_type.substr(0, content_type.find(';')));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return type;
}

std::vector<std::string> field_paths(const std::string& json) {
    std::vector<std::string> paths;
    for (auto& field : fields_in(json)) paths.push_back(std::move(field.path));
    return paths;
}

std::expected<Body, std::string> parse_json(const std::string& given) {
    const bool valid = simdjson::validate_utf8(given.data(), given.size());
    const std::string mended = valid ? std::string() : repaired(given);
    const std::string& text = valid ? given : mended;
    const auto seen = glance(text);
    if (seen.depth > DEEPEST_JSON) return std::unexpected("json: exceeded max depth");
    try {
        Body body;
        body.tree = Json::parse(text);
        if (keys_in(body.tree) != seen.keys) body.duplicates = duplicates_in(text);
        return body;
    } catch (const Json::parse_error& error) {
        if (error.byte > text.size()) return std::unexpected("unexpected end of JSON input");
        return std::unexpected(fmt::format("invalid character {} at byte {}",
                                           in_quotes(text.substr(error.byte == 0 ? 0 : error.byte - 1, 1)),
                                           error.byte));
    } catch (const Json::exception& error) {
        return std::unexpected(std::string(error.what()));
    }
}

Outcome<Body> decode_object(const KindRow& kind, std::string_view content_type, const std::string& text) {
    if (text.size() > LARGEST_BODY) return refuse(body_too_large(LARGEST_BODY));
    const auto type = media_type(content_type);
    if (type == "application/yaml") {
        auto documents = read_yaml(text, "body");
        if (!documents) return refuse(unrecognized(kind, "couldn't get version/kind; " + documents.error().message));
        if (documents->empty() || !documents->front().tree.is_object()) {
            return refuse(unrecognized(kind, "couldn't get version/kind; the document is no object"));
        }
        return Body{std::move(documents->front().tree), std::move(documents->front().duplicates)};
    }
    if (type == "application/vnd.kubernetes.protobuf") {
        auto object = from_protobuf(text);
        if (!object) return refuse(unrecognized(kind, object.error()));
        // Go's decoder takes bytes for text as they come; here they have to be UTF-8.
        return Body{Json::parse(object->dump(-1, ' ', false, Json::error_handler_t::replace)), {}};
    }
    if (!type.empty() && type != "application/json" && type != "*/*") {
        return refuse(
            unsupported_media_type("the body of the request was in an unknown format - accepted media types include: "
                                   "application/json, application/yaml, application/vnd.kubernetes.protobuf"));
    }
    auto body = parse_json(text);
    if (!body) {
        return refuse(unrecognized(
            kind, fmt::format("couldn't get version/kind; json parse error: {} ({})", body.error(), in_short(text))));
    }
    if (!body->tree.is_object()) {
        return refuse(unrecognized(
            kind, fmt::format("couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of "
                              "type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                              "\"json:\\\"kind,omitempty\\\"\" }} ({})",
                              body->tree.type_name(), in_short(text))));
    }
    body->json = text;
    return std::move(*body);
}

Outcome<YamlDocument> read_apply_patch(const std::string& text) {
    if (text.size() > LARGEST_BODY) return refuse(body_too_large(LARGEST_BODY));
    YamlDocument document;
    // JSON is YAML too, and read faster as what it is; only the YAML reader says on which line a key stands again.
    if (auto body = parse_json(text); body && body->duplicates.empty()) {
        document.tree = std::move(body->tree);
    } else {
        auto documents = read_yaml(text, "body");
        if (!documents) {
            return refuse(
                bad_request("error decoding YAML: error converting YAML to JSON: " + documents.error().message));
        }
        document.tree = Json::object();
        if (!documents->empty()) document = std::move(documents->front());
    }
    if (!document.tree.is_object()) {
        return refuse(bad_request(
            fmt::format("error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} "
                        "into Go value of type map[string]interface {{}}",
                        document.tree.is_boolean() ? "bool" : document.tree.type_name())));
    }
    return document;
}

}  // namespace moontide::sandbox
