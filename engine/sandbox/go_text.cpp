#include "sandbox/go_text.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

std::string in_go(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_null()) return "<nil>";
    if (!value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [key, inner] : value.items()) {
        if (!text.empty()) text += ' ';
        text += value.is_object() ? key + ":" + in_go(inner) : in_go(inner);
    }
    return value.is_object() ? fmt::format("map[{}]", text) : fmt::format("[{}]", text);
}

std::string go_type(const Json& value) {
    if (value.is_string()) return "string";
    if (value.is_boolean()) return "bool";
    if (value.is_null()) return "%!s(<nil>)";
    if (value.is_number()) return value.is_number_float() ? "float64" : "int64";
    return value.is_object() ? "map[string]interface {}" : "[]interface {}";
}

std::string wrapped_in_go(const Json& value) {
    if (value.is_object()) {
        std::string text;
        for (const auto& [key, inner] : value.items()) {
            text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", in_quotes(key),
                                inner.is_string() ? in_quotes(inner.get_ref<const std::string&>()) : in_go(inner));
        }
        return fmt::format("&value.valueUnstructured{{Value:map[string]interface {{}}{{{}}}}}", text);
    }
    if (value.is_array()) {
        std::string text;
        for (const auto& inner : value) {
            text += (text.empty() ? "" : ", ") +
                    (inner.is_string() ? in_quotes(inner.get_ref<const std::string&>()) : in_go(inner));
        }
        return fmt::format("&value.valueUnstructured{{Value:[]interface {{}}{{{}}}}}", text);
    }
    return fmt::format("&value.valueUnstructured{{Value:{}}}", in_go(value));
}

}  // namespace moontide::sandbox
