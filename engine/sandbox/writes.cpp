#include "sandbox/writes.hpp"

#include "sandbox/definition_rules.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/managed_fields.hpp"
#include "sandbox/registry.hpp"
#include "sandbox/server_side_apply.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr int NAME_ATTEMPTS = 8;

/// 0 where the text is empty; a refusal where it is no number.
Outcome<Version> version_of(const std::string& text) {
    Version version = 0;
    if (text.empty()) return version;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error == std::errc() && end == text.data() + text.size()) return version;
    return refuse(internal_error(fmt::format("strconv.ParseUint: parsing {}: invalid syntax", in_quotes(text))));
}

/// Rules are judged on the stored version; where that is another group's, the refusal names none.
Failure broken_rules(const KindRow& kind, const std::string& name, const Complaints& complaints) {
    return invalid(kind.kind, kind.names.empty() ? kind.group : "", name, complaints);
}

Failure wrong_namespace() {
    return bad_request("the namespace of the provided object does not match the namespace sent on the request");
}

Outcome<void> check_name(const Writes::Place& place, const std::string& name) {
    if (name.empty()) {
        return refuse(bad_request(fmt::format(
            "the name of the object ({} based on URL) was undeterminable: name must be provided", place.name)));
    }
    if (name != place.name) {
        return refuse(bad_request(
            fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, place.name)));
    }
    return {};
}

bool may_go(const KindRow& kind, const Json& object) {
    const auto& metadata = object.at("metadata");
    if (metadata.contains("finalizers") && !metadata["finalizers"].empty()) return false;
    if (metadata.value("deletionGracePeriodSeconds", 0) != 0) return false;
    if (kind.kind != "Namespace") return true;
    const auto spec = object.find("spec");
    return spec == object.end() || !spec->contains("finalizers") || (*spec)["finalizers"].empty();
}

}  // namespace

Outcome<void> Writes::admit(const KindRow& kind, const std::string& namespace_name, const std::string& name) const {
    if (!kind.namespaced) return {};
    const auto space = store_.find(*kinds_.find("", "v1", "namespaces"), "", namespace_name);
    if (!space) return refuse(not_found("namespaces", "", namespace_name));
    if (!space->terminating) return {};
    auto failure = forbidden(
        kind.resource, kind.group, name,
        fmt::format("unable to create new content in namespace {} because it is being terminated", namespace_name));
    failure.details["causes"] = {{{"reason", "NamespaceTerminating"},
                                  {"message", fmt::format("namespace {} is being terminated", namespace_name)},
                                  {"field", "metadata.namespace"}}};
    return refuse(std::move(failure));
}

Outcome<Written> Writes::create(const KindRow& kind, const std::string& namespace_name, Json object,
                                const WriteOptions& options) {
    return make(kind, namespace_name, std::move(object), options, Tracked::no);
}

Outcome<Written> Writes::make(const KindRow& kind, const std::string& namespace_name, Json object,
                              const WriteOptions& options, Tracked tracked) {
    auto& metadata = object["metadata"];
    const auto within = text_at(metadata, "namespace");
    if (kind.namespaced && !within.empty() && within != namespace_name) return refuse(wrong_namespace());
    if (const auto version = version_of(text_at(metadata, "resourceVersion")); !version) return refuse(version.error());
    const bool has_version = !text_at(metadata, "resourceVersion").empty() && metadata["resourceVersion"] != "0";
    const bool generates = text_at(metadata, "name").empty();

    for (int attempt = 1;; ++attempt) {
        give_identity(kind, object, namespace_name, clock_.wall());
        const auto name = text_at(object["metadata"], "name");
        if (auto admitted = admit(kind, namespace_name, name); !admitted) return refuse(admitted.error());
        if (kind.subresource("status")) object["status"] = first_status(kind);
        if (kind.subresource("status") && kind.custom) object.erase("status");
        set_defaults(kind, object);
        if (tracked == Tracked::no) track_update(kind, "", nullptr, object, options.manager, clock_.wall());
        // What the server adds on its own belongs to nobody.
        allocate(kind, object);
        Complaints complaints;
        validate(kind, object, complaints);
        if (!complaints.empty()) return refuse(broken_rules(kind, name, complaints));
        if (has_version) return refuse(internal_error("resourceVersion should not be set on objects to be created"));

        if (const auto there = store_.find(kind, kind.namespaced ? namespace_name : "", name)) {
            if (generates && attempt < NAME_ATTEMPTS) {
                object["metadata"].erase("name");
                continue;
            }
            auto failure = already_exists(kind.resource, kind.group, name);
            if (there->terminating) failure.message = "object is being deleted: " + failure.message;
            return refuse(std::move(failure));
        }
        if (options.dry_run) return Written{make_record(kind, std::move(object), 0), true};
        return Written{store_.put(kind, std::move(object)), true};
    }
}

Outcome<Written> Writes::replace(const Place& place, Json object, const WriteOptions& options) {
    const auto& metadata = object["metadata"];
    const auto name = metadata.is_object() ? text_at(metadata, "name") : std::string();
    if (auto agrees = check_name(place, name); !agrees) return refuse(agrees.error());
    const auto within = text_at(metadata, "namespace");
    if (place.kind.namespaced && !within.empty() && within != place.namespace_name) return refuse(wrong_namespace());

    const auto uid = text_at(metadata, "uid");
    const auto record = store_.find(place.kind, place.namespace_name, place.name);
    if (!record) {
        if (place.kind.habits.create_on_update && place.subresource.empty() && uid.empty()) {
            object["metadata"].erase("resourceVersion");
            return create(place.kind, place.namespace_name, std::move(object), options);
        }
        return refuse(not_found(place.kind.resource, place.kind.group, place.name));
    }
    if (!uid.empty() && uid != record->uid) {
        const auto key = place.kind.namespaced
                             ? fmt::format("/registry/{}/{}/{}", place.kind.resource, place.namespace_name, place.name)
                             : fmt::format("/registry/{}/{}", place.kind.resource, place.name);
        return refuse(conflict(place.kind.resource, place.kind.group, place.name,
                               fmt::format("StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, "
                                           "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in "
                                           "object meta: {}",
                                           key, uid, record->uid)));
    }
    return update(place, record, record->tree(place.kind), std::move(object), options, Tracked::no);
}

Outcome<Written> Writes::modify(const Place& place, const Change& change, const WriteOptions& options) {
    const auto record = store_.find(place.kind, place.namespace_name, place.name);
    if (!record) return refuse(not_found(place.kind.resource, place.kind.group, place.name));
    const auto old = record->tree(place.kind);
    auto object = change(old);
    if (!object) return refuse(object.error());
    const auto& metadata = (*object)["metadata"];
    if (auto agrees = check_name(place, text_at(metadata, "name")); !agrees) return refuse(agrees.error());
    const auto within = text_at(metadata, "namespace");
    if (!within.empty() && within != place.namespace_name) return refuse(wrong_namespace());
    return update(place, record, old, std::move(*object), options, Tracked::no);
}

Outcome<Written> Writes::apply(const Place& place, Json applied, const WriteOptions& options) {
    const auto& kind = place.kind;
    const auto record = store_.find(kind, place.namespace_name, place.name);
    if (!record && !place.subresource.empty()) return refuse(not_found(kind.resource, kind.group, place.name));
    const auto old = record ? record->tree(kind) : Json();
    auto object = sandbox::apply(kind, place.subresource, old, {std::move(applied), options.manager, options.force},
                                 clock_.wall());
    if (!object) return refuse(object.error());

    auto& metadata = (*object)["metadata"];
    const auto uid = text_at(metadata, "uid");
    if (!record && !uid.empty()) {
        return refuse(conflict(
            kind.resource, kind.group, place.name,
            fmt::format("uid mismatch: the provided object specified uid {}, and no existing object was found", uid)));
    }
    const auto within = text_at(metadata, "namespace");
    if (kind.namespaced && !within.empty() && within != place.namespace_name) return refuse(wrong_namespace());
    if (auto agrees = check_name(place, text_at(metadata, "name")); !agrees) return refuse(agrees.error());
    if (record) return update(place, record, old, std::move(*object), options, Tracked::yes);
    // A version that the object should have had is no reason not to create it.
    metadata.erase("resourceVersion");
    return make(kind, place.namespace_name, std::move(*object), options, Tracked::yes);
}

Outcome<Written> Writes::update(const Place& place, const RecordPtr& record, const Json& old, Json object,
                                const WriteOptions& options, Tracked tracked) {
    const auto& kind = place.kind;
    const auto version = version_of(text_at(object["metadata"], "resourceVersion"));
    if (!version) return refuse(version.error());
    if (*version == 0 && !kind.habits.unconditional_update) {
        Complaints complaints;
        complaints.invalid("metadata.resourceVersion", std::int64_t{0}, "must be specified for an update");
        return refuse(invalid(kind.resource, kind.group, place.name, complaints));
    }
    if (*version != 0 && *version != record->version) return refuse(stale(kind.resource, kind.group, place.name));

    object["kind"] = kind.kind;
    object["apiVersion"] = kind.api_version();
    if (kind.namespaced) object["metadata"]["namespace"] = place.namespace_name;
    keep_what_stays(kind, place.subresource, object, old);
    set_defaults(kind, object);
    if (tracked == Tracked::no) {
        track_update(kind, place.subresource, old, object, options.manager, clock_.wall());
    }
    Complaints complaints;
    validate_update(kind, place.subresource, object, old, complaints);
    if (!complaints.empty()) return refuse(broken_rules(kind, place.name, complaints));

    object["metadata"]["resourceVersion"] = std::to_string(record->version);
    if (record->terminating && may_go(kind, object)) {
        auto last = make_record(kind, std::move(object), record->version);
        if (!options.dry_run) store_.erase(record);
        return Written{std::move(last), false};
    }
    if (tracked == Tracked::yes) keep_times(object, old);
    if (object == old) return Written{record, false};
    if (options.dry_run) return Written{make_record(kind, std::move(object), record->version), false};
    return Written{store_.put(kind, std::move(object)), false};
}

Outcome<Removed> Writes::remove(const KindRow& kind, const std::string& namespace_name, const std::string& name,
                                const DeleteOptions& options) {
    const auto record = store_.find(kind, namespace_name, name);
    if (kind.kind == "Namespace" && (name == "default" || name == "kube-system" || name == "kube-public")) {
        return refuse(forbidden(kind.resource, kind.group, name, "this namespace may not be deleted"));
    }
    if (!record) return refuse(not_found(kind.resource, kind.group, name));
    return kind.kind == "Namespace" ? remove_namespace(record, options) : remove_object(record, options);
}

Removed Writes::mark_terminating(const RecordPtr& record, Json object, bool dry_run) {
    auto& metadata = object["metadata"];
    if (!metadata.contains("deletionTimestamp")) {
        metadata["deletionTimestamp"] = rfc3339(clock_.wall());
        if (metadata.contains("generation")) metadata["generation"] = metadata["generation"].get<std::int64_t>() + 1;
    }
    if (object == record->tree()) return {record, false};
    if (dry_run) return {make_record(*record->kind, std::move(object), record->version), false};
    return {store_.put(*record->kind, std::move(object)), false};
}

namespace {

/// Puts the collector's finalizers on the object as the propagation asks; without a policy what is there stays.
void set_propagation(Json& object, DeleteOptions::Propagation propagation) {
    using Propagation = DeleteOptions::Propagation;
    if (propagation == Propagation::unset) return;
    auto& metadata = object["metadata"];
    auto finalizers = metadata.value("finalizers", Json::array());
    Json kept = Json::array();
    for (const auto& finalizer : finalizers) {
        if (finalizer != "orphan" && finalizer != "foregroundDeletion") kept.push_back(finalizer);
    }
    if (propagation == Propagation::orphan) kept.push_back("orphan");
    if (propagation == Propagation::foreground) kept.push_back("foregroundDeletion");
    if (kept.empty()) {
        metadata.erase("finalizers");
    } else {
        metadata["finalizers"] = std::move(kept);
    }
}

}  // namespace

Outcome<Removed> Writes::remove_namespace(const RecordPtr& record, const DeleteOptions& options) {
    const auto refused = [&](const char* what, const std::string& asked, const std::string& is) {
        return refuse(conflict(
            "namespaces", "", record->name,
            fmt::format("Precondition failed: {0} in precondition: {1}, {0} in object meta: {2}", what, asked, is)));
    };
    if (options.uid && *options.uid != record->uid) return refused("UID", *options.uid, record->uid);
    if (options.resource_version && *options.resource_version != std::to_string(record->version)) {
        return refused("ResourceVersion", *options.resource_version, std::to_string(record->version));
    }
    auto object = record->tree();
    if (!record->terminating) {
        object["status"]["phase"] = "Terminating";
        set_propagation(object, options.propagation);
        return mark_terminating(record, std::move(object), options.dry_run);
    }
    if (!may_go(*record->kind, object)) return Removed{record, false};
    if (options.dry_run) return Removed{record, true};
    return Removed{store_.erase(record), true};
}

Outcome<Removed> Writes::remove_object(const RecordPtr& record, const DeleteOptions& options) {
    const auto& kind = *record->kind;
    const auto refused = [&](const char* what, const std::string& asked, const std::string& is, const char* why) {
        return refuse(conflict(kind.kind, kind.group, record->name,
                               fmt::format("the {0} in the precondition ({1}) does not match the {0} in record ({2}). "
                                           "The object might have been {3}",
                                           what, asked, is, why)));
    };
    if (options.uid && *options.uid != record->uid)
        return refused("UID", *options.uid, record->uid, "deleted and then recreated");
    const auto version = std::to_string(record->version);
    if (options.resource_version && *options.resource_version != version) {
        return refused("ResourceVersion", *options.resource_version, version, "modified");
    }

    auto object = record->tree();
    auto& metadata = object["metadata"];
    if (kind.kind == "CustomResourceDefinition" && kind.group == "apiextensions.k8s.io" && !record->terminating) {
        definition::begin_deletion(object, clock_.wall());
        if (options.dry_run) return Removed{make_record(kind, std::move(object), record->version), false};
        return Removed{store_.put(kind, std::move(object)), false};
    }
    if (kind.kind == "Pod" && !kind.custom) {
        const auto spec = object.value("spec", Json::object());
        const auto phase = object.value("status", Json::object()).value("phase", std::string());
        auto grace = options.grace_seconds.value_or(spec.value("terminationGracePeriodSeconds", std::int64_t{30}));
        // Nobody runs a pod that is on no node or has ended.
        if (spec.value("nodeName", std::string()).empty() || phase == "Failed" || phase == "Succeeded") grace = 0;
        const bool pending = record->terminating && metadata.value("deletionGracePeriodSeconds", std::int64_t{0}) != 0;
        if (pending && grace >= metadata["deletionGracePeriodSeconds"].get<std::int64_t>())
            return Removed{record, false};
        if (grace > 0) {
            metadata["deletionGracePeriodSeconds"] = grace;
            metadata["deletionTimestamp"] = rfc3339(clock_.wall() + std::chrono::seconds(grace));
            set_propagation(object, options.propagation);
            return mark_terminating(record, std::move(object), options.dry_run);
        }
    }
    set_propagation(object, options.propagation);
    if (metadata.contains("finalizers")) {
        metadata["deletionGracePeriodSeconds"] = 0;
        return mark_terminating(record, std::move(object), options.dry_run);
    }
    if (options.dry_run) return Removed{record, true};
    if (kind.kind == "Pod" && !record->terminating) {
        // Pods are marked first, also where nothing has to be waited for.
        metadata["deletionGracePeriodSeconds"] = 0;
        return Removed{store_.erase(mark_terminating(record, std::move(object), false).record), true};
    }
    return Removed{store_.erase(record), true};
}

}  // namespace moontide::sandbox
