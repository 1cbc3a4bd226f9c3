#include "sandbox/server_side_apply.hpp"

#include "sandbox/applied_check.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/managed_fields.hpp"
#include "sandbox/registry.hpp"
#include "sandbox/schema.hpp"
#include "sandbox/typed.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr auto* LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

Json metadata_of(const Json& object) {
    const auto found = object.find("metadata");
    return found != object.end() && found->is_object() ? *found : Json::object();
}

/// "/v1, Kind=ConfigMap", as Go names a kind.
std::string go_kind(const std::string& api_version, const std::string& kind) {
    const auto slash = api_version.find('/');
    const auto group = slash == std::string::npos ? "" : api_version.substr(0, slash);
    const auto version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
    return fmt::format("{}/{}, Kind={}", group, version, kind);
}

std::string go_aggregate(const std::vector<std::string>& faults) {
    if (faults.size() == 1) return faults.front();
    std::string text = "errors:";
    for (const auto& fault : faults) text += "\n  " + fault;
    return text;
}

Outcome<void> check(const KindRow& kind, const Json& applied) {
    const auto of_kind = text_at(applied, "kind");
    const auto api_version = text_at(applied, "apiVersion");
    if (of_kind != kind.kind || api_version != kind.api_version()) {
        return refuse(bad_request("invalid object type: " + go_kind(api_version, of_kind)));
    }
    const auto metadata = metadata_of(applied);
    if (metadata.contains("managedFields") && !metadata["managedFields"].is_null()) {
        return refuse(bad_request("metadata.managedFields must be nil"));
    }
    if (const auto faults = faults_of(applied, shape_of(kind)); !faults.empty()) {
        return refuse(internal_error(fmt::format("failed to create typed patch object ({}/{}; {}): {}",
                                                 text_at(metadata, "namespace"), text_at(metadata, "name"),
                                                 go_kind(api_version, of_kind), go_aggregate(faults))));
    }
    return {};
}

Failure conflict_of(const std::vector<ManagedFields::Conflict>& conflicts) {
    Json causes = Json::array();
    std::string one;
    std::string many;
    for (const auto& conflict : conflicts) {
        const auto with = conflict.with->readable();
        many += fmt::format("{}conflicts with {}:", many.empty() ? "" : "\n", with);
        for (const auto& path : conflict.fields.paths()) {
            one = fmt::format("conflict with {}: {}", with, path);
            many += "\n- " + path;
            causes.push_back(
                {{"reason", "FieldManagerConflict"}, {"message", "conflict with " + with}, {"field", path}});
        }
    }
    const auto count = causes.size();
    const auto message = count == 1 ? "Apply failed with 1 conflict: " + one
                                    : fmt::format("Apply failed with {} conflicts: {}", count, many);
    return {409, "Conflict", message, {{"causes", std::move(causes)}}, {}};
}

/// What was applied before and is not named any more goes, unless somebody else has it.
Json pruned(const Json& merged, const FieldSet& last, ManagedFields& managed, const Shape& shape) {
    if (last.empty()) return merged;
    const auto before = with_structs(last, shape);
    const auto all = with_structs(fields_of(merged, shape), shape);
    FieldSet kept;
    for (auto& manager : managed.managers()) {
        manager.unfold();
        kept = kept.with(manager.fields);
    }
    const auto bare = with_structs(fields_of(without(merged, before, shape), shape), shape);
    const auto with_owned = without(merged, all.without(bare.with(with_structs(kept, shape))), shape);
    const auto left = with_structs(fields_of(with_owned, shape), shape);
    return without(merged, all.without(left).common(before), shape);
}

/// kubectl's own field managers: what kubectl applied on the client's side it may take over.
FieldSet allowed_by_last_applied(const KindRow& kind, const Json& live) {
    const auto annotations = metadata_of(live).value("annotations", Json::object());
    const auto last = Json::parse(text_at(annotations, LAST_APPLIED), nullptr, false);
    if (!last.is_object() || text_at(last, "apiVersion") != kind.api_version()) return {};
    const auto& shape = shape_of(kind);
    if (!faults_of(last, shape).empty()) return {};
    const auto change = compare(last, live, shape);
    return fields_of(last, shape).without(change.modified).without(change.added).without(change.removed);
}

void refresh_last_applied(Json& object, const Json& applied) {
    auto& metadata = object["metadata"];
    if (text_at(metadata.value("annotations", Json::object()), LAST_APPLIED).empty()) return;
    Json written = applied;
    if (auto metadata_there = written.find("metadata"); metadata_there != written.end()) {
        if (metadata_there->contains("annotations") && (*metadata_there)["annotations"].is_object()) {
            (*metadata_there)["annotations"].erase(LAST_APPLIED);
        }
    }
    auto& annotations = metadata["annotations"];
    annotations[LAST_APPLIED] = written.dump() + "\n";
    std::size_t size = 0;
    for (const auto& [key, value] : annotations.items()) {
        size += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
    }
    if (size > LARGEST_ANNOTATIONS) annotations.erase(LAST_APPLIED);
}

}  // namespace

Outcome<Json> apply(const KindRow& kind, std::string_view subresource, const Json& live_or_null,
                    const Application& application, WallTime now) {
    if (auto checked = check(kind, application.object); !checked) return refuse(checked.error());
    const auto& shape = shape_of(kind);
    const auto& applied = application.object;

    Json live = live_or_null.is_null() ? zero_of(kind) : live_or_null;
    auto managed = ManagedFields::read(live.at("metadata")).value_or(ManagedFields());
    live["metadata"].erase("managedFields");
    if (managed.empty()) {
        managed.update(zero_of(kind), live, kind,
                       {"before-first-apply", false, kind.api_version(), std::string(subresource), {}, {}, {}}, now);
    }

    FieldManager who{application.manager, true, kind.api_version(), std::string(subresource), {}, {}, {}};
    FieldSet last;
    if (auto* before = managed.find(who)) {
        before->unfold();
        who.time = before->time;
        last = before->fields;
    }
    const auto ignored = ignored_fields(kind, subresource);
    who.fields = fields_of(applied, shape).without_trees(ignored);
    managed.set(who);

    auto object = pruned(laid_over(live, applied, shape), last, managed, shape);
    auto change = compare(live, object, shape);
    for (auto* set : {&change.added, &change.modified, &change.removed}) *set = set->without_trees(ignored);
    if (!application.force) {
        auto conflicts = managed.conflicts(change, who);
        if (!conflicts.empty() && who.name == "kubectl") {
            const auto allowed = allowed_by_last_applied(kind, live);
            for (auto& conflict : conflicts) conflict.fields = conflict.fields.without(allowed);
            std::erase_if(conflicts, [](const auto& conflict) { return conflict.fields.empty(); });
        }
        if (!conflicts.empty()) return refuse(conflict_of(conflicts));
    }
    managed.give_up(change, who);
    who.fields = who.fields.without(nobodys_fields());
    if (object != live) who.time = rfc3339(now);
    managed.set(std::move(who));
    if (const auto decoded = fit(kind, object); !decoded.error.empty()) {
        const auto type = go_kind(kind.api_version(), kind.kind);
        return refuse(internal_error(
            fmt::format("failed to convert new object ({}/{}; {}) to proper version: unable to convert unstructured "
                        "object to {}: error decoding from json: {}",
                        text_at(metadata_of(applied), "namespace"), text_at(metadata_of(applied), "name"), type, type,
                        decoded.error)));
    }
    if (application.manager == "kubectl") refresh_last_applied(object, applied);
    managed.write(object["metadata"]);
    return object;
}

}  // namespace moontide::sandbox
