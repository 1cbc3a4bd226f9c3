#include "sandbox/schema_rules.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/structural.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <re2/re2.h>

namespace moontide::sandbox::definition {

namespace {

enum class Level { root, field, item };

const Json* given(const Json& schema, const char* key) {
    if (!schema.is_object()) return nullptr;
    const auto found = schema.find(key);
    return found == schema.end() || found->is_null() ? nullptr : &*found;
}

class Rules {
public:
    explicit Rules(Complaints& complaints) : complaints_(complaints) {}

    void structure(const Json& schema, const std::string& field, Level level) {
        const auto type = text_at(schema, "type");
        const Json* items = given(schema, "items");
        const Json* properties = given(schema, "properties");
        const Json* others = given(schema, "additionalProperties");
        own(schema, field);
        if (type == "array" && !items) complaints_.required(field + ".items", "must be specified");
        if (items && items->is_object()) structure(*items, field + ".items", Level::item);
        if (properties) {
            for (const auto& [name, property] : properties->items())
                structure(property, fmt::format("{}.properties[{}]", field, name), Level::field);
        }
        if (others) {
            if (level == Level::root)
                complaints_.forbidden(field + ".additionalProperties", "must not be used at the root");
            if (properties && !properties->empty() && !(others->is_boolean() && others->get<bool>()))
                complaints_.forbidden(field + ".additionalProperties",
                                      "additionalProperties and properties are mutual exclusive");
            if (others->is_object()) structure(*others, field + ".additionalProperties", Level::field);
        }
        kind_of(schema, field, level, type);
        values(schema, field, level);
        lists(schema, field);
        defaults(schema, field);
    }

private:
    /// What no schema of a definition may say.
    void own(const Json& schema, const std::string& field) {
        static const std::vector<std::string> types{"array", "boolean", "integer", "number", "object", "string"};
        const auto type = text_at(schema, "type");
        if (!type.empty() && std::ranges::find(types, type) == types.end())
            complaints_.unsupported(field + ".type", in_quotes(type), types);
        if (type == "null")
            complaints_.forbidden(field + ".type", "type cannot be set to null, use nullable as an alternative");
        for (const char* key : {"id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"}) {
            if (given(schema, key)) complaints_.forbidden(field + "." + key, fmt::format("{} is not supported", key));
        }
        if (const Json* items = given(schema, "items"); items && items->is_array())
            complaints_.forbidden(field + ".items", "items must be a schema object and not an array");
        if (true_at(schema, "uniqueItems")) {
            complaints_.forbidden(field + ".uniqueItems",
                                  "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }
    }

    void kind_of(const Json& schema, const std::string& field, Level level, const std::string& type) {
        const bool any =
            true_at(schema, "x-kubernetes-int-or-string") || true_at(schema, "x-kubernetes-preserve-unknown-fields");
        if (true_at(schema, "x-kubernetes-embedded-resource") && type != "object") {
            constexpr auto* WHY = "must be object if x-kubernetes-embedded-resource is true";
            if (type.empty()) {
                complaints_.required(field + ".type", WHY);
            } else {
                complaints_.invalid(field + ".type", type, WHY);
            }
        } else if (type.empty() && !any) {
            complaints_.required(field + ".type", level == Level::root ? "must not be empty at the root"
                                                  : level == Level::item
                                                      ? "must not be empty for specified array items"
                                                      : "must not be empty for specified object fields");
        }
        if (level == Level::root && !type.empty() && type != "object")
            complaints_.invalid(field + ".type", type, "must be object at the root");
        if (level == Level::root && true_at(schema, "nullable"))
            complaints_.forbidden(field + ".nullable", "nullable cannot be true at the root");
        if (level != Level::root) return;
        const Json* metadata = given(schema, "properties") ? given(*given(schema, "properties"), "metadata") : nullptr;
        if (!metadata) return;
        auto rest = *metadata;
        rest.erase("type");
        rest.erase("description");
        if (rest.contains("properties")) {
            rest["properties"].erase("name");
            rest["properties"].erase("generateName");
            if (rest["properties"].empty()) rest.erase("properties");
        }
        if (!rest.empty()) {
            complaints_.forbidden(field + ".properties[metadata]",
                                  "must not specify anything other than name and generateName, but metadata is "
                                  "implicitly specified");
        }
    }

    /// Below a combination of schemas only values are restricted.
    void values(const Json& schema, const std::string& field, Level level) {
        if (const auto pattern = text_at(schema, "pattern"); !pattern.empty()) {
            const re2::RE2 compiled(pattern, re2::RE2::Quiet);
            if (!compiled.ok()) {
                complaints_.invalid(
                    field + ".pattern", pattern,
                    fmt::format("must be a valid regular expression, but isn't: error parsing regexp: {}",
                                compiled.error()));
            }
        }
        const Json either = {{{"type", "integer"}}, {{"type", "string"}}};
        for (const char* key : {"anyOf", "allOf", "oneOf"}) {
            const Json* all = given(schema, key);
            if (!all) continue;
            const bool int_or_string = true_at(schema, "x-kubernetes-int-or-string");
            if (int_or_string && (*all == either || all->front().value("anyOf", Json()) == either)) continue;
            std::size_t index = 0;
            for (const auto& one : *all)
                nested(one, schema, fmt::format("{}.{}[{}]", field, key, index++), field, level);
        }
        if (const Json* no = given(schema, "not")) nested(*no, schema, field + ".not", field, level);
    }

    /// The real server asks only at the root that what is restricted is specified, too.
    void nested(const Json& schema, const Json& outer, const std::string& field, const std::string& outer_field,
                Level level) {
        for (const char* key :
             {"type", "description", "title", "default", "nullable", "additionalProperties",
              "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"}) {
            const Json* value = given(schema, key);
            if (value && *value != false)
                complaints_.forbidden(field + "." + key,
                                      fmt::format("must be {} to be structural",
                                                  std::string_view(key) == "default"                ? "undefined"
                                                  : std::string_view(key) == "additionalProperties" ? "undefined"
                                                  : value->is_boolean()                             ? "false"
                                                                                                    : "empty"));
        }
        if (const Json* properties = given(schema, "properties")) {
            for (const auto& [name, property] : properties->items()) {
                const Json* outside =
                    given(outer, "properties") ? given(*given(outer, "properties"), name.c_str()) : nullptr;
                const auto place = fmt::format("{}.properties[{}]", outer_field, name);
                if (!outside) {
                    if (level != Level::root) continue;
                    complaints_.required(place, fmt::format("because it is defined in {}.properties[{}]", field, name));
                } else {
                    nested(property, *outside, fmt::format("{}.properties[{}]", field, name), place, level);
                }
            }
        }
        if (const Json* items = given(schema, "items"); items && items->is_object()) {
            if (const Json* outside = given(outer, "items")) {
                nested(*items, *outside, field + ".items", outer_field + ".items", level);
            } else if (level == Level::root) {
                complaints_.required(outer_field + ".items", fmt::format("because it is defined in {}.items", field));
            }
        }
        values(schema, field, level);
    }

    void lists(const Json& schema, const std::string& field) {
        const auto type = text_at(schema, "x-kubernetes-list-type");
        const Json* keys = given(schema, "x-kubernetes-list-map-keys");
        if (!type.empty() && text_at(schema, "type") != "array")
            complaints_.invalid(field + ".type", text_at(schema, "type"),
                                "must be array if x-kubernetes-list-type is specified");
        if (!type.empty() && type != "atomic" && type != "set" && type != "map")
            complaints_.unsupported(field + ".x-kubernetes-list-type", in_quotes(type), {"atomic", "set", "map"});
        if (type == "map" && (!keys || keys->empty())) {
            complaints_.required(field + ".x-kubernetes-list-map-keys",
                                 "must not be empty if x-kubernetes-list-type is map");
        }
        if (keys && !keys->empty() && type != "map") {
            if (type.empty()) {
                complaints_.required(field + ".x-kubernetes-list-type",
                                     "must be map if x-kubernetes-list-map-keys is non-empty");
            } else {
                complaints_.invalid(field + ".x-kubernetes-list-type", type,
                                    "must be map if x-kubernetes-list-map-keys is non-empty");
            }
        }
        const Json* items = given(schema, "items");
        if (type != "map" || !keys || !items) return;
        const Json* properties = given(*items, "properties");
        const Json* required = given(*items, "required");
        std::size_t index = 0;
        for (const auto& key : *keys) {
            const auto name = key.get<std::string>();
            const Json* property = properties ? given(*properties, name.c_str()) : nullptr;
            if (!property) {
                complaints_.invalid(fmt::format("{}.x-kubernetes-list-map-keys[{}]", field, index), name,
                                    "entries must all be names of item properties");
            } else if (!given(*property, "default") &&
                       (!required || std::ranges::find(*required, key) == required->end())) {
                complaints_.required(fmt::format("{}.items.properties[{}].default", field, name),
                                     "this property is in x-kubernetes-list-map-keys, so it must have a default or be "
                                     "a required property");
            }
            ++index;
        }
    }

    void defaults(const Json& schema, const std::string& field) {
        const Json* fallback = given(schema, "default");
        if (!fallback) return;
        auto pruned = *fallback;
        prune(pruned, schema);
        if (pruned != *fallback)
            complaints_.invalid_value(field + ".default", *fallback, "must not have unknown fields");
    }

    Complaints& complaints_;
};

}  // namespace

void check_schema(const Json& schema, const std::string& field, Complaints& complaints) {
    Rules(complaints).structure(schema, field, Level::root);
}

}  // namespace moontide::sandbox::definition
