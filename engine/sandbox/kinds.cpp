#include "sandbox/kinds.hpp"

#include "sandbox/captured.hpp"

#include <algorithm>

namespace moontide::sandbox {

namespace {

Habits habits_of(std::string_view kind) {
    Habits habits;
    habits.unconditional_update = kind != "Lease" && kind != "CustomResourceDefinition";
    habits.create_on_update = kind == "Lease" || kind == "Event" || kind == "LimitRange" || kind == "Role" ||
                              kind == "Endpoints" || kind == "ClusterRole" || kind == "RoleBinding" ||
                              kind == "ClusterRoleBinding";
    habits.returns_deleted = kind == "Pod" || kind == "ServiceAccount" || kind == "ResourceQuota" || kind == "Service";
    habits.has_generation = kind == "Pod" || kind == "Deployment" || kind == "CustomResourceDefinition" ||
                            kind == "ReplicaSet" || kind == "EndpointSlice";
    if (kind == "Endpoints")
        habits.warning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
    return habits;
}

/// Events of both groups are the same objects.
constexpr FieldName EVENT_NAMES[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"reportingComponent", "reportingController"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
};

Json renamed(Json object, FieldNames names, const char* FieldName::* from, const char* FieldName::* to) {
    for (const auto& name : names) {
        const auto found = object.find(name.*from);
        if (found == object.end()) continue;
        auto value = std::move(*found);
        object.erase(found);
        object[name.*to] = std::move(value);
    }
    return object;
}

const Json* schema_of(const Json& schemas, const KindRow& row) {
    for (const auto& [name, schema] : schemas.items()) {
        const auto kinds = schema.find("x-kubernetes-group-version-kind");
        if (kinds == schema.end()) continue;
        for (const auto& kind : *kinds) {
            if (kind.value("group", "") == row.group && kind.value("version", "") == row.version &&
                kind.value("kind", "") == row.kind) {
                return &schema;
            }
        }
    }
    return nullptr;
}

}  // namespace

Json shown(FieldNames names, Json object) {
    return renamed(std::move(object), names, &FieldName::stored, &FieldName::shown);
}

Json stored(FieldNames names, Json object) {
    return renamed(std::move(object), names, &FieldName::shown, &FieldName::stored);
}

bool KindRow::allows(std::string_view verb) const {
    return std::ranges::find(verbs, verb) != verbs.end();
}

const Subresource* KindRow::subresource(std::string_view name) const {
    const auto found = std::ranges::find(subresources, name, &Subresource::name);
    return found == subresources.end() ? nullptr : &*found;
}

Kinds::Kinds() {
    const auto& surface = captured::surface();
    for (const char* part : {"core", "groups"}) {
        for (const auto& group : surface.at(part).at("items")) {
            const auto group_name = group.at("metadata").value("name", std::string());
            for (const auto& version : group.at("versions")) {
                for (const auto& resource : version.at("resources")) {
                    KindRow row;
                    row.index = rows_.size();
                    row.group = group_name;
                    row.version = version.at("version");
                    row.kind = resource.at("responseKind").at("kind");
                    row.list_kind = row.kind + "List";
                    row.resource = resource.at("resource");
                    row.singular = resource.at("singularResource");
                    row.short_names = resource.value("shortNames", std::vector<std::string>());
                    row.categories = resource.value("categories", std::vector<std::string>());
                    row.namespaced = resource.at("scope") == "Namespaced";
                    row.verbs = resource.at("verbs").get<std::vector<std::string>>();
                    for (const auto& subresource : resource.value("subresources", Json::array())) {
                        row.subresources.push_back(
                            {subresource.at("subresource"), subresource.at("verbs"), subresource.at("responseKind")});
                    }
                    row.habits = habits_of(row.kind);
                    if (row.group == "events.k8s.io") {
                        row.index = find("", "v1", "events")->index;
                        row.names = EVENT_NAMES;
                    }
                    row.columns = surface.at("columns").value(row.api_version() + "/" + row.resource, Json::array());
                    if (const auto* document =
                            captured::openapi((row.group.empty() ? "api/" : "apis/") + row.api_version())) {
                        row.schemas = &document->at("components").at("schemas");
                        row.schema = schema_of(*row.schemas, row);
                    }
                    rows_.push_back(std::move(row));
                }
            }
        }
    }
}

const KindRow* Kinds::find(std::string_view group, std::string_view version, std::string_view resource) const {
    const auto found = std::ranges::find_if(rows_, [&](const KindRow& row) {
        return row.served && row.resource == resource && row.group == group && row.version == version;
    });
    return found == rows_.end() ? nullptr : &*found;
}

const KindRow* Kinds::find_kind(std::string_view api_version, std::string_view kind) const {
    const auto found = std::ranges::find_if(
        rows_, [&](const KindRow& row) { return row.served && row.kind == kind && row.api_version() == api_version; });
    return found == rows_.end() ? nullptr : &*found;
}

const KindRow& Kinds::serve(KindRow row) {
    row.index = rows_.size();
    for (auto& there : rows_) {
        if (there.group != row.group || there.resource != row.resource) continue;
        row.index = there.index;
        if (there.version == row.version) return there = std::move(row);
    }
    return rows_.emplace_back(std::move(row));
}

void Kinds::withdraw(std::string_view group, std::string_view resource, const std::vector<std::string>& but) {
    for (auto& row : rows_) {
        if (!row.custom || row.group != group || row.resource != resource) continue;
        if (std::ranges::find(but, row.version) == but.end()) row.served = false;
    }
}

}  // namespace moontide::sandbox
