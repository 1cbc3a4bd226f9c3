#include "sandbox/structural.hpp"

#include "sandbox/json_at.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

const Json* object_at(const Json* schema, const char* key) {
    if (!schema || !schema->is_object()) return nullptr;
    const auto found = schema->find(key);
    return found != schema->end() && found->is_object() ? &*found : nullptr;
}

const Json* property_of(const Json* schema, const std::string& name) {
    const Json* properties = object_at(schema, "properties");
    return properties ? object_at(properties, name.c_str()) : nullptr;
}

bool is_type_or_metadata(const std::string& key) {
    return key == "apiVersion" || key == "kind" || key == "metadata";
}

class Pruning {
public:
    std::vector<std::string> unknown;

    /// `resource`: apiVersion, kind and metadata belong to the value whatever the schema says.
    void prune(Json& value, const Json* schema, bool resource, const std::string& path) {
        if (schema && true_at(*schema, "x-kubernetes-preserve-unknown-fields"))
            return prune_known(value, schema, resource, path);
        if (value.is_array()) {
            std::size_t index = 0;
            const Json* items = object_at(schema, "items");
            for (auto& one : value) prune(one, items, embeds(items), fmt::format("{}[{}]", path, index++));
        }
        if (!value.is_object()) return;
        for (auto at = value.begin(); at != value.end();) {
            const auto inner_path = path.empty() ? at.key() : path + "." + at.key();
            const bool of_resource = resource && is_type_or_metadata(at.key());
            const Json* inner = of_resource ? nullptr : known(schema, at.key());
            if (!of_resource && !inner) {
                if (!allows_any(schema)) {
                    if (!is_type_or_metadata(at.key()) || !path.empty()) unknown.push_back(inner_path);
                    at = value.erase(at);
                    continue;
                }
                prune(*at, nullptr, false, inner_path);
            } else if (inner) {
                prune(*at, inner, embeds(inner), inner_path);
            }
            ++at;
        }
    }

private:
    static bool embeds(const Json* schema) { return schema && true_at(*schema, "x-kubernetes-embedded-resource"); }
    /// additionalProperties: true
    static bool allows_any(const Json* schema) { return schema && true_at(*schema, "additionalProperties"); }

    static const Json* known(const Json* schema, const std::string& key) {
        if (const Json* property = property_of(schema, key)) return property;
        return object_at(schema, "additionalProperties");
    }

    /// Of a value that keeps what is unknown: only what its schema does specify is looked into.
    void prune_known(Json& value, const Json* schema, bool resource, const std::string& path) {
        if (value.is_array()) {
            std::size_t index = 0;
            const Json* items = object_at(schema, "items");
            for (auto& one : value) {
                if (items) prune_known(one, items, embeds(items), fmt::format("{}[{}]", path, index));
                ++index;
            }
        }
        if (!value.is_object()) return;
        for (auto at = value.begin(); at != value.end(); ++at) {
            if (resource && is_type_or_metadata(at.key())) continue;
            if (const Json* inner = known(schema, at.key()))
                prune(*at, inner, embeds(inner), path.empty() ? at.key() : path + "." + at.key());
        }
    }
};

bool is_stray_null(const Json& value, const Json* schema) {
    return value.is_null() && schema && !true_at(*schema, "nullable");
}

const Json* default_of(const Json* schema) {
    if (!schema) return nullptr;
    const auto found = schema->find("default");
    return found == schema->end() || found->is_null() ? nullptr : &*found;
}

void fill_in(Json& value, const Json* schema) {
    if (!schema) return;
    if (value.is_object()) {
        if (const Json* properties = object_at(schema, "properties")) {
            for (const auto& [name, property] : properties->items()) {
                const auto there = value.find(name);
                if (const Json* fallback = default_of(&property)) {
                    if (there == value.end() || is_stray_null(*there, &property)) value[name] = *fallback;
                } else if (there != value.end() && is_stray_null(*there, &property)) {
                    value.erase(there);
                }
            }
        }
        const Json* others = object_at(schema, "additionalProperties");
        for (auto at = value.begin(); at != value.end();) {
            const Json* property = property_of(schema, at.key());
            if (!property && is_stray_null(*at, others)) {
                if (!default_of(others)) {
                    at = value.erase(at);
                    continue;
                }
                *at = *default_of(others);
            }
            fill_in(*at, property ? property : others);
            ++at;
        }
    } else if (value.is_array()) {
        const Json* items = object_at(schema, "items");
        for (auto& one : value) {
            if (is_stray_null(one, items) && default_of(items)) one = *default_of(items);
            fill_in(one, items);
        }
    }
}

}  // namespace

Decoded fit_custom(const CustomKind& kind, Json& object) {
    Decoded decoded;
    if (const auto metadata = object.find("metadata"); metadata != object.end()) {
        if (metadata->is_null()) *metadata = Json::object();
        decoded = fit_metadata(*metadata);
        if (!decoded.error.empty()) return decoded;
    }
    if (!kind.preserves_unknown) {
        Pruning pruning;
        pruning.prune(object, &kind.schema, true, "");
        std::ranges::sort(pruning.unknown);
        decoded.unknown.insert(decoded.unknown.end(), pruning.unknown.begin(), pruning.unknown.end());
    }
    // The metadata has its own schema; what the kind's says of it is names and labels at most.
    Json metadata = object.value("metadata", Json());
    fill_in(object, &kind.schema);
    if (metadata.is_object()) object["metadata"] = std::move(metadata);
    return decoded;
}

void prune(Json& value, const Json& schema) {
    Pruning().prune(value, &schema, true_at(schema, "x-kubernetes-embedded-resource"), "");
}

}  // namespace moontide::sandbox
