#include "sandbox/protobuf.hpp"

#include "base/clock.hpp"
#include "sandbox/base64.hpp"
#include "sandbox/captured.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::string_view MAGIC("k8s\0", 4);
constexpr int DEEPEST_MESSAGE = 100;
constexpr std::string_view META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const std::string DEFINITIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

/// Bytes that are no message; caught where the reading began.
struct Malformed {
    std::string why;
};

/// One field as it lies on the wire.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t scalar = 0;
    std::string_view bytes;
    bool is_bytes = false;
};

class Wire {
public:
    explicit Wire(std::string_view bytes) : rest_(bytes) {}

    std::optional<Field> next() {
        if (rest_.empty()) return std::nullopt;
        const auto tag = varint();
        Field field{tag >> 3, 0, {}, false};
        switch (tag & 7) {
            case 0:
                field.scalar = varint();
                break;
            case 1:
                field.bytes = take(8);
                std::memcpy(&field.scalar, field.bytes.data(), field.bytes.size());
                break;
            case 2:
                field.bytes = take(varint());
                field.is_bytes = true;
                break;
            case 5:
                take(4);
                break;
            default:
                throw Malformed{"proto: illegal wireType"};
        }
        return field;
    }

private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1).front());
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        throw Malformed{"proto: integer overflow"};
    }

    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) throw Malformed{"unexpected EOF"};
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

bool is_meta_type(const std::string& type, std::string_view name) {
    return type.starts_with(META) && type.substr(META.size()) == name;
}

/// Messages whose JSON is not a map of their fields. Null where the JSON has nothing.
std::optional<Json> special(const std::string& type, std::string_view bytes) {
    const bool time = is_meta_type(type, "Time");
    const bool micro = is_meta_type(type, "MicroTime");
    const bool either = type.ends_with(".IntOrString");
    const bool quantity = type.ends_with(".Quantity");
    const bool fields = is_meta_type(type, "FieldsV1");
    if (!time && !micro && !either && !quantity && !fields) return std::nullopt;
    std::int64_t numbers[4] = {};
    std::string_view texts[4];
    Wire wire(bytes);
    while (const auto field = wire.next()) {
        if (field->number > 3) continue;
        (field->is_bytes ? texts[field->number] : texts[0]) = field->bytes;
        if (!field->is_bytes) numbers[field->number] = static_cast<std::int64_t>(field->scalar);
    }
    if (quantity) return Json(std::string(texts[1]));
    if (fields) return Json::parse(texts[1], nullptr, false);
    if (either) return numbers[1] == 0 ? Json(numbers[2]) : Json(std::string(texts[3]));
    if (bytes.empty()) return Json();
    const WallTime at(std::chrono::seconds(numbers[1]) + std::chrono::microseconds(numbers[2] / 1000));
    return Json(micro ? rfc3339_micro(at) : rfc3339(at));
}

Json message(const std::string& type, std::string_view bytes, int depth);

/// Parts of CustomResourceDefinitions that are one of several things.
std::optional<Json> alternative(const std::string& type, std::string_view bytes, int depth) {
    const bool json = type == DEFINITIONS + "JSON";
    const bool or_array = type == DEFINITIONS + "JSONSchemaPropsOrArray";
    const bool or_bool = type == DEFINITIONS + "JSONSchemaPropsOrBool";
    if (!json && !or_array && !or_bool) return std::nullopt;
    Json made = or_bool ? Json(false) : Json();
    Wire wire(bytes);
    while (const auto field = wire.next()) {
        const bool schema = field->number == (or_bool ? 2U : 1U);
        if (json && schema) made = Json::parse(field->bytes, nullptr, false);
        if (or_bool && field->number == 1 && !made.is_object()) made = field->scalar != 0;
        if (!json && schema) made = message(DEFINITIONS + "JSONSchemaProps", field->bytes, depth + 1);
    }
    return made;
}

/// "xKubernetesListType" is x-kubernetes-list-type in JSON.
std::string json_name(const std::string& type, const std::string& name) {
    if (type != DEFINITIONS + "JSONSchemaProps") return name;
    if (name == "ref" || name == "schema") return "$" + name;
    if (!name.starts_with("xKubernetes")) return name;
    std::string out;
    for (const char character : name) {
        const bool upper = character >= 'A' && character <= 'Z';
        if (upper) out += '-';
        out += upper ? static_cast<char>(character + ('a' - 'A')) : character;
    }
    return out;
}

/// A value of a list or a map, where zeros count too.
Json value(const std::string& type, const Field& field, int depth) {
    if (type == "string") return std::string(field.bytes);
    if (type == "bytes") return base64(field.bytes);
    if (type == "bool") return field.scalar != 0;
    if (type == "int32") return static_cast<std::int32_t>(field.scalar);
    if (type == "int64") return static_cast<std::int64_t>(field.scalar);
    if (type == "double") return std::bit_cast<double>(field.scalar);
    if (auto made = special(type, field.bytes)) return std::move(*made);
    if (auto made = alternative(type, field.bytes, depth)) return std::move(*made);
    return message(type, field.bytes, depth + 1);
}

bool is_zero(const Json& json) {
    return json.is_null() || json == "" || (json.is_number() && json == 0) || (json.is_boolean() && !json.get<bool>());
}

void add_entry(Json& map, const std::string& type, std::string_view bytes, int depth) {
    std::string key;
    Field held;
    Wire wire(bytes);
    while (const auto field = wire.next()) {
        if (field->number == 1) key = field->bytes;
        if (field->number == 2) held = *field;
    }
    map[key] = value(type, held, depth);
}

Json message(const std::string& type, std::string_view bytes, int depth) {
    if (depth > DEEPEST_MESSAGE) throw Malformed{"proto: message is nested too deep"};
    Json object = Json::object();
    const auto known = captured::protobuf().find(type);
    if (known == captured::protobuf().end()) return object;
    Wire wire(bytes);
    while (const auto field = wire.next()) {
        for (const auto& of : *known) {
            if (of.at("number") != field->number) continue;
            const auto& on_wire = of.at("name").get_ref<const std::string&>();
            const auto name = json_name(type, on_wire);
            const auto& of_type = of.at("type").get_ref<const std::string&>();
            const auto& how = of.at("how").get_ref<const std::string&>();
            if (of_type.starts_with("map<string,")) {
                add_entry(object[name], of_type.substr(11, of_type.size() - 12), field->bytes, depth);
            } else if (how == "repeated") {
                object[name].push_back(value(of_type, *field, depth));
            } else if (how == "inline" && name == on_wire) {
                object.update(value(of_type, *field, depth));
            } else if (auto read = value(of_type, *field, depth); !is_zero(read)) {
                object[name] = std::move(read);
            }
        }
    }
    return object;
}

/// "v1", "ConfigMap" -> "io.k8s.api.core.v1.ConfigMap"; "" where no captured message is meant.
std::string message_type_of(const std::string& api_version, const std::string& kind) {
    if (kind == "DeleteOptions") return std::string(META) + kind;
    const auto slash = api_version.find('/');
    const auto group = slash == std::string::npos ? "core" : api_version.substr(0, api_version.find_first_of("./"));
    const auto version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
    const auto type =
        group == "apiextensions" ? DEFINITIONS + kind : fmt::format("io.k8s.api.{}.{}.{}", group, version, kind);
    return captured::protobuf().contains(type) ? type : std::string();
}

}  // namespace

std::expected<Json, std::string> from_protobuf(std::string_view bytes) {
    if (!bytes.starts_with(MAGIC)) {
        return std::unexpected(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
    }
    std::string api_version;
    std::string kind;
    std::string_view raw;
    try {
        Wire envelope(bytes.substr(MAGIC.size()));
        while (const auto field = envelope.next()) {
            if (field->number == 2) raw = field->bytes;
            if (field->number != 1) continue;
            Wire type_meta(field->bytes);
            while (const auto of = type_meta.next()) {
                if (of->number == 1) api_version = of->bytes;
                if (of->number == 2) kind = of->bytes;
            }
        }
        const auto type = message_type_of(api_version, kind);
        auto object = type.empty() ? Json::object() : message(type, raw, 0);
        object["apiVersion"] = api_version;
        object["kind"] = kind;
        return object;
    } catch (const Malformed& malformed) {
        return std::unexpected(malformed.why);
    } catch (const Json::exception& error) {
        return std::unexpected(std::string(error.what()));
    }
}

}  // namespace moontide::sandbox
