#include "sandbox/definition_rules.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/json_path.hpp"
#include "sandbox/names.hpp"
#include "sandbox/schema_rules.hpp"
#include "sandbox/spelling.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox::definition {

namespace {

std::string comma_separated(const names::Faults& faults) {
    return fmt::format("{}", fmt::join(faults, ","));
}

void check_label(const std::string& field, const std::string& text, Complaints& complaints, bool mixed_case = false) {
    const auto faults = names::dns_1035_label(mixed_case ? lower(text) : text);
    if (text.empty() || faults.empty()) return;
    complaints.invalid(
        field, text, (mixed_case ? "may have mixed case, but should otherwise match: " : "") + comma_separated(faults));
}

void check_names(const Json& given, Complaints& complaints) {
    for (const char* key : {"plural", "singular", "kind", "listKind"}) {
        if (text_at(given, key).empty()) complaints.required(fmt::format("spec.names.{}", key));
    }
    check_label("spec.names.plural", text_at(given, "plural"), complaints);
    check_label("spec.names.singular", text_at(given, "singular"), complaints);
    check_label("spec.names.kind", text_at(given, "kind"), complaints, true);
    check_label("spec.names.listKind", text_at(given, "listKind"), complaints, true);
    std::size_t index = 0;
    for (const auto& name : at(given, "shortNames"))
        check_label(fmt::format("spec.names.shortNames[{}]", index++), name.get<std::string>(), complaints);
    if (!text_at(given, "kind").empty() && text_at(given, "kind") == text_at(given, "listKind"))
        complaints.invalid("spec.names.listKind", text_at(given, "kind"), "kind and listKind may not be the same");
    index = 0;
    for (const auto& name : at(given, "categories"))
        check_label(fmt::format("spec.names.categories[{}]", index++), name.get<std::string>(), complaints);
}

void check_path(const std::string& field, const std::string& path, const char* prefix, Complaints& complaints) {
    if (path.empty()) {
        complaints.required(field);
    } else if (!path.starts_with('.')) {
        complaints.invalid(field, path, "must be a simple json path starting with .");
    } else if (!path.starts_with(std::string(".") + prefix + ".")) {
        complaints.invalid(field, path, fmt::format("should be a json path under .{}", prefix));
    }
}

void check_subresources(const Json& subresources, const std::string& field, Complaints& complaints) {
    const auto& scale = at(subresources, "scale");
    if (!scale.is_object()) return;
    check_path(field + ".scale.specReplicasPath", text_at(scale, "specReplicasPath"), "spec", complaints);
    check_path(field + ".scale.statusReplicasPath", text_at(scale, "statusReplicasPath"), "status", complaints);
    if (const auto selector = text_at(scale, "labelSelectorPath"); !selector.empty() && !selector.starts_with(".spec."))
        check_path(field + ".scale.labelSelectorPath", selector, "status", complaints);
}

void check_columns(const Json& columns, const std::string& field, Complaints& complaints) {
    static const std::set<std::string> types{"boolean", "date", "integer", "number", "string"};
    static const std::set<std::string> formats{"byte",  "date",  "date-time", "double",
                                               "float", "int32", "int64",     "password"};
    std::size_t index = 0;
    for (const auto& column : columns) {
        const auto place = fmt::format("{}[{}]", field, index++);
        const auto one_of = [](const auto& set) { return fmt::format("must be one of {}", fmt::join(set, ",")); };
        if (text_at(column, "name").empty()) complaints.required(place + ".name");
        if (const auto type = text_at(column, "type"); type.empty()) {
            complaints.required(place + ".type", one_of(types));
        } else if (!types.contains(type)) {
            complaints.invalid(place + ".type", type, one_of(types));
        }
        if (const auto format = text_at(column, "format"); !format.empty() && !formats.contains(format))
            complaints.invalid(place + ".format", format, one_of(formats));
        if (const auto path = text_at(column, "jsonPath"); path.empty()) {
            complaints.required(place + ".JSONPath");
        } else if (!path.starts_with('.')) {
            complaints.invalid(place + ".JSONPath", path, "must be a simple json path starting with .");
        }
    }
}

/// Where the real server says that a version's part is: what all versions share is one to it.
std::string part_field(const Json& versions, std::size_t index, const char* key, const char* shared) {
    const bool same = std::ranges::all_of(
        versions, [&](const Json& version) { return at(version, key) == at(versions.front(), key); });
    return same ? std::string("spec.") + shared : fmt::format("spec.versions[{}].{}", index, key);
}

void check_versions(const Json& versions, Complaints& complaints) {
    std::set<std::string> seen;
    std::set<std::string> told;
    std::size_t stored = 0;
    std::size_t index = 0;
    for (const auto& version : versions) {
        const auto name = text_at(version, "name");
        if (true_at(version, "storage")) ++stored;
        seen.insert(name);
        if (const auto faults = names::dns_1035_label(name); !faults.empty())
            complaints.invalid(fmt::format("spec.versions[{}].name", index), name, comma_separated(faults));
        const auto schema_field = part_field(versions, index, "schema", "validation");
        const auto& schema = at(at(version, "schema"), "openAPIV3Schema");
        if (!schema.is_object()) {
            complaints.required(fmt::format("spec.versions[{}].schema.openAPIV3Schema", index));
        } else if (told.insert(schema_field).second) {
            check_schema(schema, schema_field + ".openAPIV3Schema", complaints);
        }
        if (const auto field = part_field(versions, index, "subresources", "subresources"); told.insert(field).second)
            check_subresources(at(version, "subresources"), field, complaints);
        if (const auto field = part_field(versions, index, "additionalPrinterColumns", "additionalPrinterColumns");
            told.insert(field).second)
            check_columns(at(version, "additionalPrinterColumns"), field, complaints);
        ++index;
    }
    if (seen.size() != versions.size())
        complaints.invalid_value("spec.versions", versions, "must contain unique version names");
    if (stored != 1) {
        complaints.invalid_value("spec.versions", versions, "must have exactly one version marked as storage version");
    }
}

void check_stored(const Json& definition, Complaints& complaints) {
    const auto& stored = at(at(definition, "status"), "storedVersions");
    if (!stored.is_array() || stored.empty())
        return complaints.invalid_value("status.storedVersions", Json::array(),
                                        "must have at least one stored version");
    std::size_t index = 0;
    for (const auto& name : stored) {
        const auto& versions = at(at(definition, "spec"), "versions");
        if (std::ranges::none_of(versions, [&](const Json& version) { return at(version, "name") == name; })) {
            complaints.invalid(
                fmt::format("status.storedVersions[{}]", index), name.get<std::string>(),
                fmt::format("missing from spec.versions; {0} was previously a storage version, and must remain in "
                            "spec.versions until a storage migration ensures no data remains persisted in {0} and "
                            "removes {0} from status.storedVersions",
                            name.get<std::string>()));
        }
        ++index;
    }
}

}  // namespace

void set_defaults(Json& definition) {
    auto& spec = definition["spec"];
    auto& given = spec["names"];
    const auto kind = text_at(given, "kind");
    if (text_at(given, "singular").empty() && !kind.empty()) given["singular"] = lower(kind);
    if (text_at(given, "listKind").empty() && !kind.empty()) given["listKind"] = kind + "List";
    if (!at(spec, "conversion").is_object()) spec["conversion"] = {{"strategy", "None"}};
    if (at(spec, "preserveUnknownFields") == false) spec.erase("preserveUnknownFields");

    auto& status = definition["status"];
    if (!status.is_object()) status = Json::object();
    if (!status.contains("conditions")) status["conditions"] = nullptr;
    if (!status.contains("acceptedNames")) status["acceptedNames"] = {{"plural", ""}, {"kind", ""}};
    auto& stored = status["storedVersions"];
    if (!stored.is_array()) stored = Json::array();
    for (const auto& version : at(spec, "versions")) {
        const auto& name = at(version, "name");
        if (true_at(version, "storage") && std::ranges::find(stored, name) == stored.end()) stored.push_back(name);
    }
}

void validate(const Json& definition, const Json* old, Complaints& complaints) {
    const auto& spec = at(definition, "spec");
    const auto& given = at(spec, "names");
    const auto group = text_at(spec, "group");
    const auto name = text_at(at(definition, "metadata"), "name");
    if (name != text_at(given, "plural") + "." + group)
        complaints.invalid("metadata.name", name, R"(must be spec.names.plural+"."+spec.group)");

    if (group.empty()) {
        complaints.required("spec.group");
    } else if (const auto faults = names::dns_subdomain(group); !faults.empty()) {
        complaints.invalid("spec.group", group, comma_separated(faults));
    } else if (group.find('.') == std::string::npos) {
        complaints.invalid("spec.group", group, "should be a domain with at least one dot");
    }
    const auto scope = text_at(spec, "scope");
    if (scope.empty()) {
        complaints.required("spec.scope");
    } else if (scope != "Cluster" && scope != "Namespaced") {
        complaints.unsupported("spec.scope", in_quotes(scope), {"Cluster", "Namespaced"});
    }
    static const Json none = Json::array();
    check_versions(at(spec, "versions").is_array() ? at(spec, "versions") : none, complaints);
    check_names(given, complaints);
    check_stored(definition, complaints);
    if (const bool protected_group = group.ends_with(".k8s.io") || group.ends_with(".kubernetes.io") ||
                                     group == "k8s.io" || group == "kubernetes.io";
        protected_group && !old) {
        constexpr auto* APPROVED = "api-approved.kubernetes.io";
        if (text_at(at(at(definition, "metadata"), "annotations"), APPROVED).empty()) {
            complaints.required(fmt::format("metadata.annotations[{}]", APPROVED),
                                "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
                                "https://github.com/kubernetes/enhancements/pull/1111");
        }
    }
    if (true_at(spec, "preserveUnknownFields")) {
        complaints.invalid_value("spec.preserveUnknownFields", true,
                                 "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                                 "spec.versions[*].schema instead");
    }
    if (!old) return;
    const auto& before = at(*old, "spec");
    const auto stays = [&](const std::string& field, const Json& is, const Json& was) {
        if (is != was) complaints.invalid_value(field, is, "field is immutable");
    };
    if (has_condition(*old, "Established")) {
        stays("spec.scope", at(spec, "scope"), at(before, "scope"));
        stays("spec.names.kind", at(given, "kind"), at(at(before, "names"), "kind"));
    }
    stays("spec.group", at(spec, "group"), at(before, "group"));
    stays("spec.names.plural", at(given, "plural"), at(at(before, "names"), "plural"));
}

void begin_deletion(Json& definition, WallTime now) {
    auto& metadata = definition["metadata"];
    metadata["deletionTimestamp"] = rfc3339(now);
    auto& finalizers = metadata["finalizers"];
    if (!finalizers.is_array()) finalizers = Json::array();
    if (std::ranges::find(finalizers, Json(CLEANUP)) == finalizers.end()) finalizers.push_back(CLEANUP);
    set_condition(definition, "Terminating", true, "InstanceDeletionPending",
                  "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", now);
}

void set_condition(Json& definition, const char* type, bool status, const char* reason, const std::string& message,
                   WallTime now) {
    auto& conditions = definition["status"]["conditions"];
    if (!conditions.is_array()) conditions = Json::array();
    Json made = {{"type", type},
                 {"status", status ? "True" : "False"},
                 {"reason", reason},
                 {"message", message},
                 {"lastTransitionTime", rfc3339(now)}};
    for (auto& condition : conditions) {
        if (at(condition, "type") != type) continue;
        if (at(condition, "status") == made["status"]) made["lastTransitionTime"] = at(condition, "lastTransitionTime");
        condition = std::move(made);
        return;
    }
    conditions.push_back(std::move(made));
}

bool has_condition(const Json& definition, const char* type) {
    for (const auto& condition : at(at(definition, "status"), "conditions")) {
        if (at(condition, "type") == type) return at(condition, "status") == "True";
    }
    return false;
}

}  // namespace moontide::sandbox::definition
