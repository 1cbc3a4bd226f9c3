#include "sandbox/list_rules.hpp"

#include "sandbox/json_at.hpp"

#include <map>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

void check_list(const Json& list, const Json& schema, const std::string& field, Complaints& complaints) {
    const auto type = text_at(schema, "x-kubernetes-list-type");
    const auto twice = [&](const std::vector<Json>& keys) {
        std::map<std::string, int> seen;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (++seen[keys[i].dump()] == 2) complaints.duplicate(fmt::format("{}[{}]", field, i), keys[i]);
        }
    };
    if (type == "set") twice(list.get<std::vector<Json>>());
    if (type == "map") {
        std::vector<Json> keys;
        std::size_t index = 0;
        for (const auto& one : list) {
            if (!one.is_object() && !one.is_null()) {
                return complaints.invalid_value(fmt::format("{}[{}]", field, index), one,
                                                "must be an object for an array of list-type map");
            }
            ++index;
            Json key = Json::object();
            for (const auto& name : *member(&schema, "x-kubernetes-list-map-keys")) {
                if (const Json* value = member(&one, name.get<std::string>())) key[name.get<std::string>()] = *value;
            }
            keys.push_back(std::move(key));
        }
        twice(keys);
    }
}

}  // namespace

void check_lists(const Json& schema, const Json& value, const std::string& field, Complaints& complaints) {
    if (value.is_array()) {
        check_list(value, schema, field, complaints);
        const Json* items = member(&schema, "items");
        std::size_t index = 0;
        for (const auto& one : value) {
            if (items) check_lists(*items, one, fmt::format("{}[{}]", field, index), complaints);
            ++index;
        }
    } else if (value.is_object()) {
        const Json* others = member(&schema, "additionalProperties");
        for (const auto& [key, inner] : value.items()) {
            if (const Json* property = member(member(&schema, "properties"), key)) {
                check_lists(*property, inner, field.empty() ? key : field + "." + key, complaints);
            } else if (others && others->is_object()) {
                check_lists(*others, inner, fmt::format("{}[{}]", field, key), complaints);
            }
        }
    }
}

}  // namespace moontide::sandbox
