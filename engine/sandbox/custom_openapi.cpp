// The OpenAPI v3 documents of custom kinds: what the real server wrote for one, with other names put in.
#include "sandbox/captured.hpp"
#include "sandbox/custom_kind.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

/// "stable.example.com" -> "StableExampleCom"
std::string camel(std::string_view group) {
    std::string out;
    bool upper = true;
    for (const char character : group) {
        const bool letter = std::isalnum(static_cast<unsigned char>(character)) != 0;
        if (letter) out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(character))) : character;
        upper = !letter;
    }
    return out;
}

std::string lower_first(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

/// "stable.example.com" -> "com.example.stable"
std::string reversed(std::string_view group) {
    std::string out;
    while (!group.empty()) {
        const auto dot = group.rfind('.');
        const auto part = dot == std::string_view::npos ? group : group.substr(dot + 1);
        out += (out.empty() ? "" : ".") + std::string(part);
        group = dot == std::string_view::npos ? std::string_view() : group.substr(0, dot);
    }
    return out;
}

/// What stands there as x-kubernetes-int-or-string is told to clients that do not know it; embedded resources have
/// the fields that all have.
void unfold(Json& schema, const Json& meta) {
    if (!schema.is_object()) return;
    if (const auto flag = schema.find("x-kubernetes-int-or-string"); flag != schema.end() && *flag == true) {
        const Json either = {{{"type", "integer"}}, {{"type", "string"}}};
        if (!schema.contains("anyOf") && !schema.contains("allOf")) schema["anyOf"] = either;
    }
    for (const char* key : {"items", "additionalProperties"}) {
        if (schema.contains(key)) unfold(schema[key], meta);
    }
    if (const auto properties = schema.find("properties"); properties != schema.end()) {
        for (auto& property : *properties) unfold(property, meta);
    }
    if (const auto flag = schema.find("x-kubernetes-embedded-resource"); flag != schema.end() && *flag == true) {
        for (const char* key : {"apiVersion", "kind", "metadata"}) schema["properties"][key] = meta.at(key);
        auto& required = schema["required"];
        if (!required.is_array()) required = Json::array();
        for (const char* key : {"kind", "apiVersion"}) {
            if (std::ranges::find(required, Json(key)) == required.end()) required.push_back(key);
        }
    }
}

}  // namespace

void publish(KindRow& row, CustomKind& custom) {
    auto text = captured::custom_text(row.namespaced);
    // Longer names first: they contain the shorter ones.
    replace_all(text, "TemplateMoontideTest", camel(row.group));
    replace_all(text, "templateMoontideTest", lower_first(camel(row.group)));
    replace_all(text, "test.moontide.template", reversed(row.group));
    replace_all(text, "template.moontide.test", row.group);
    replace_all(text, "V1template", camel(row.version));
    replace_all(text, "v1template", row.version);
    replace_all(text, "templatekinds", row.resource);
    replace_all(text, "TemplateKindList", row.list_kind);
    replace_all(text, "TemplateKind", row.kind);
    custom.document = Json::parse(text);

    auto& paths = custom.document.at("paths");
    for (auto path = paths.begin(); path != paths.end();) {
        const bool without = (path.key().ends_with("/status") && !row.subresource("status")) ||
                             (path.key().ends_with("/scale") && !row.subresource("scale"));
        path = without ? paths.erase(path) : std::next(path);
    }
    auto& schemas = custom.document.at("components").at("schemas");
    auto& place = schemas.at(fmt::format("{}.{}.{}", reversed(row.group), row.version, row.kind));
    auto schema = custom.schema;
    const Json meta = place.at("properties");
    unfold(schema, meta);
    for (const auto& [name, property] : meta.items()) schema["properties"][name] = property;
    schema["x-kubernetes-group-version-kind"] = place.at("x-kubernetes-group-version-kind");
    if (!custom.selectable.empty()) {
        for (const auto& [field, path] : custom.selectable)
            schema["x-kubernetes-selectable-fields"].push_back({{"fieldPath", field}});
    }
    place = std::move(schema);
    row.schema = &place;
    row.schemas = &schemas;
}

}  // namespace moontide::sandbox
