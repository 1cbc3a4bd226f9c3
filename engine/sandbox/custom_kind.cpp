#include "sandbox/custom_kind.hpp"

#include "sandbox/captured.hpp"
#include "sandbox/definition_rules.hpp"
#include "sandbox/json_at.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

bool is_true(const Json& object, const char* pointer) {
    const auto& value = at_place(object, pointer);
    return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> texts_at_place(const Json& object, const char* pointer) {
    const auto& value = at_place(object, pointer);
    return value.is_array() ? value.get<std::vector<std::string>>() : std::vector<std::string>();
}

void compile_patterns(const Json& schema, CustomKind& custom) {
    if (!schema.is_structured()) return;
    if (const auto found = schema.is_object() ? schema.find("pattern") : schema.end();
        found != schema.end() && found->is_string()) {
        const auto& pattern = found->get_ref<const std::string&>();
        auto compiled = std::make_shared<re2::RE2>(pattern, re2::RE2::Quiet);
        if (compiled->ok()) custom.patterns.emplace(pattern, std::move(compiled));
    }
    for (const auto& inner : schema) compile_patterns(inner, custom);
}

/// The Table's columns: the name, then those of the definition, or the age where it has none.
void add_columns(const Json& version, KindRow& row, CustomKind& custom) {
    const auto& captured = captured::surface().at("columns").at("v1/serviceaccounts");
    row.columns = Json::array({captured.at(0)});
    auto described = at_place(version, "/additionalPrinterColumns");
    if (!described.is_array() || described.empty()) {
        described = Json::array({{{"name", "Age"}, {"type", "date"}, {"jsonPath", ".metadata.creationTimestamp"}}});
        described[0]["description"] = captured.back().at("description");
    }
    for (const auto& column : described) {
        const auto path_text = text_at_place(column, "/jsonPath");
        auto path = JsonPath::parse(path_text);
        if (!path) continue;
        auto says = text_at_place(column, "/description");
        if (says.empty()) says = "Custom resource definition column (in JSONPath format): " + path_text;
        row.columns.push_back({{"name", text_at_place(column, "/name")},
                               {"type", text_at_place(column, "/type")},
                               {"format", text_at_place(column, "/format")},
                               {"description", says},
                               {"priority", column.value("priority", 0)}});
        custom.columns.push_back({text_at_place(column, "/type"), std::move(*path)});
    }
}

/// Of a version that names no better one itself.
std::string deprecation(const Json& described_by, const KindRow& row) {
    std::string better;
    for (const auto& version : at_place(described_by, "/spec/versions")) {
        const auto name = text_at_place(version, "/name");
        if (!is_true(version, "/served") || is_true(version, "/deprecated")) continue;
        const auto& than = better.empty() ? row.version : better;
        if (version_priority(name) < version_priority(than)) better = name;
    }
    auto warning = fmt::format("{} {} is deprecated", row.api_version(), row.kind);
    if (!better.empty()) warning += fmt::format("; use {}/{} {}", row.group, better, row.kind);
    return warning;
}

KindRow row_of(const Json& described_by, const Json& version) {
    KindRow row;
    auto custom = std::make_shared<CustomKind>();
    row.group = text_at_place(described_by, "/spec/group");
    row.version = text_at_place(version, "/name");
    row.kind = text_at_place(described_by, "/status/acceptedNames/kind");
    row.list_kind = text_at_place(described_by, "/status/acceptedNames/listKind");
    row.resource = text_at_place(described_by, "/status/acceptedNames/plural");
    row.singular = text_at_place(described_by, "/status/acceptedNames/singular");
    row.short_names = texts_at_place(described_by, "/status/acceptedNames/shortNames");
    row.categories = texts_at_place(described_by, "/status/acceptedNames/categories");
    row.namespaced = text_at_place(described_by, "/spec/scope") == "Namespaced";
    row.habits.unconditional_update = false;
    row.habits.has_generation = true;

    custom->terminating = definition::has_condition(described_by, "Terminating");
    row.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
    if (at_place(version, "/subresources/status").is_object()) {
        row.subresources.push_back({"status",
                                    {"get", "patch", "update"},
                                    {{"group", row.group}, {"version", row.version}, {"kind", row.kind}}});
    }
    if (const auto& scale = at_place(version, "/subresources/scale"); scale.is_object()) {
        row.subresources.push_back(
            {"scale", {"get", "patch", "update"}, {{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}}});
        custom->scale =
            CustomKind::Scale{text_at_place(scale, "/specReplicasPath"), text_at_place(scale, "/statusReplicasPath"),
                              text_at_place(scale, "/labelSelectorPath")};
    }
    custom->schema = at_place(version, "/schema/openAPIV3Schema");
    if (custom->schema.is_null()) custom->schema = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    custom->preserves_unknown = is_true(described_by, "/spec/preserveUnknownFields");
    compile_patterns(custom->schema, *custom);
    add_columns(version, row, *custom);
    for (const auto& field : at_place(version, "/selectableFields")) {
        const auto path = text_at_place(field, "/jsonPath");
        if (auto parsed = JsonPath::parse(path)) custom->selectable.emplace_back(path.substr(1), std::move(*parsed));
    }
    if (is_true(version, "/deprecated")) {
        custom->warning = text_at_place(version, "/deprecationWarning");
        if (custom->warning.empty()) custom->warning = deprecation(described_by, row);
    }
    publish(row, *custom);
    row.custom = std::move(custom);
    return row;
}

}  // namespace

std::tuple<int, int, int> version_priority(const std::string& version) {
    static const re2::RE2 pattern("v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?");
    int major = 0;
    std::string stage;
    std::string minor;
    if (!re2::RE2::FullMatch(version, pattern, &major, &stage, &minor)) return {3, 0, 0};
    return {stage.empty() ? 0 : stage == "beta" ? 1 : 2, -major, minor.empty() ? 0 : -std::stoi(minor)};
}

std::vector<KindRow> rows_of(const Json& described_by) {
    std::vector<KindRow> rows;
    if (!definition::has_condition(described_by, "Established")) return rows;
    for (const auto& version : at_place(described_by, "/spec/versions")) {
        if (is_true(version, "/served")) rows.push_back(row_of(described_by, version));
    }
    return rows;
}

}  // namespace moontide::sandbox
