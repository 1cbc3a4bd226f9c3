#include "sandbox/registry.hpp"

#include "sandbox/base64.hpp"
#include "sandbox/custom_rules.hpp"
#include "sandbox/definition_rules.hpp"
#include "sandbox/deployments.hpp"
#include "sandbox/endpoints.hpp"
#include "sandbox/events.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/limit_ranges.hpp"
#include "sandbox/names.hpp"
#include "sandbox/pods.hpp"
#include "sandbox/roles.hpp"
#include "sandbox/services.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::size_t LARGEST_DATA = 1U << 20;
constexpr auto* IMMUTABLE = "field is immutable when `immutable` is set";

void copy_or_erase(Json& object, const Json& from, const char* key) {
    if (const auto found = from.find(key); found != from.end()) {
        object[key] = *found;
    } else {
        object.erase(key);
    }
}

void complain(Complaints& complaints, const std::string& field, std::string_view value, const names::Faults& faults) {
    for (const auto& fault : faults) complaints.invalid(field, value, fault);
}

void validate_finalizers(const Json& finalizers, bool of_core, Complaints& complaints) {
    bool orphan = false;
    bool foreground = false;
    std::size_t index = 0;
    for (const auto& finalizer : finalizers) {
        const auto& text = finalizer.get_ref<const std::string&>();
        complain(complaints, "metadata.finalizers", text, names::qualified_name(text));
        orphan |= text == "orphan";
        foreground |= text == "foregroundDeletion";
        if (of_core && text.find('/') == std::string::npos && text != "orphan" && text != "foregroundDeletion" &&
            text != "kubernetes") {
            complaints.invalid(fmt::format("metadata.finalizers[{}]", index), text,
                               "name is neither a standard finalizer name nor is it fully qualified");
        }
        ++index;
    }
    if (orphan && foreground) {
        complaints.invalid("metadata.finalizers", finalizers.dump(),
                           "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

void validate_owners(const Json& owners, Complaints& complaints) {
    std::string controller;
    for (const auto& owner : owners) {
        const auto api_version = text_at(owner, "apiVersion");
        if (api_version.empty() || api_version.ends_with('/')) {
            complaints.invalid("metadata.ownerReferences.apiVersion", api_version, "version must not be empty");
        }
        for (const char* key : {"kind", "name", "uid"}) {
            if (text_at(owner, key).empty()) {
                complaints.invalid(std::string("metadata.ownerReferences.") + key, "", "must not be empty");
            }
        }
        if (api_version == "v1" && text_at(owner, "kind") == "Event") {
            complaints.invalid("metadata.ownerReferences", owner.dump(),
                               "/v1, Kind=Event is disallowed from being an owner");
        }
        if (true_at(owner, "controller")) {
            if (!controller.empty()) {
                complaints.invalid("metadata.ownerReferences", owners.dump(),
                                   fmt::format("Only one reference can have Controller set to true. Found \"true\" in "
                                               "references for {} and {}",
                                               controller, text_at(owner, "name")));
            }
            controller = text_at(owner, "name");
        }
    }
}

void validate_metadata(const KindRow& kind, const Json& metadata, Complaints& complaints) {
    const auto name = text_at(metadata, "name");
    const bool label = !kind.custom && (kind.kind == "Namespace" || kind.kind == "Service");
    const bool any = kind.group == "rbac.authorization.k8s.io";
    const auto faults_of = any ? names::path_segment : label ? names::dns_label : names::dns_subdomain;
    if (auto prefix = text_at(metadata, "generateName"); !prefix.empty()) {
        // What follows the prefix may follow a dash.
        auto masked = prefix;
        if (!any && masked.ends_with('-')) masked.back() = 'a';
        complain(complaints, "metadata.generateName", prefix, faults_of(masked));
    }
    if (name.empty()) {
        complaints.required("metadata.name", "name or generateName is required");
    } else {
        complain(complaints, "metadata.name", name, faults_of(name));
    }
    std::size_t size = 0;
    for (const auto& [key, value] : at(metadata, "labels").items()) {
        complain(complaints, "metadata.labels", key, names::qualified_name(key));
        complain(complaints, "metadata.labels", value.get_ref<const std::string&>(),
                 names::label_value(value.get_ref<const std::string&>()));
    }
    for (const auto& [key, value] : at(metadata, "annotations").items()) {
        auto lower = key;
        std::ranges::transform(lower, lower.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        complain(complaints, "metadata.annotations", key, names::qualified_name(lower));
        size += key.size() + value.get_ref<const std::string&>().size();
    }
    if (size > LARGEST_ANNOTATIONS) complaints.too_long("metadata.annotations", LARGEST_ANNOTATIONS);
    if (const auto& owners = at(metadata, "ownerReferences"); owners.is_array()) validate_owners(owners, complaints);
    if (const auto& finalizers = at(metadata, "finalizers"); finalizers.is_array())
        validate_finalizers(finalizers, !kind.custom && kind.group != "apiextensions.k8s.io", complaints);
}

std::size_t decoded_size(const std::string& base64) {
    return from_base64(base64).value_or("").size();
}

void validate_config_map(const Json& object, Complaints& complaints) {
    const auto& binary = at(object, "binaryData");
    std::size_t size = 0;
    for (const auto& [key, value] : at(object, "data").items()) {
        const auto field = fmt::format("data[{}]", key);
        complain(complaints, field, key, names::data_key(key));
        if (binary.is_object() && binary.contains(key))
            complaints.invalid(field, key, "duplicate of key present in binaryData");
        size += value.get_ref<const std::string&>().size();
    }
    for (const auto& [key, value] : binary.items()) {
        complain(complaints, fmt::format("binaryData[{}]", key), key, names::data_key(key));
        size += decoded_size(value.get_ref<const std::string&>());
    }
    // The real server means the whole object by a field without a name.
    if (size > LARGEST_DATA) complaints.too_long("[]", LARGEST_DATA);
}

void validate_secret(const Json& object, Complaints& complaints) {
    const auto& data = at(object, "data");
    std::size_t size = 0;
    for (const auto& [key, value] : data.items()) {
        complain(complaints, fmt::format("data[{}]", key), key, names::data_key(key));
        size += decoded_size(value.get_ref<const std::string&>());
    }
    if (size > LARGEST_DATA) complaints.too_long("data", LARGEST_DATA);

    const auto type = text_at(object, "type");
    const auto has = [&](const char* key) { return data.is_object() && data.contains(key); };
    const auto need = [&](const char* key) {
        if (!has(key)) complaints.required(fmt::format("data[{}]", key));
    };
    const auto need_json = [&](const char* key) {
        if (!has(key)) return need(key);
        if (!Json::parse(from_base64(text_at(data, key)).value_or(""), nullptr, false).is_object()) {
            complaints.invalid(fmt::format("data[{}]", key), "<secret contents redacted>",
                               "invalid character looking for beginning of value");
        }
    };
    if (type == "kubernetes.io/service-account-token") {
        constexpr auto* KEY = "kubernetes.io/service-account.name";
        if (text_at(at(at(object, "metadata"), "annotations"), KEY).empty()) {
            complaints.required(fmt::format("metadata.annotations[{}]", KEY));
        }
    } else if (type == "kubernetes.io/dockercfg") {
        need_json(".dockercfg");
    } else if (type == "kubernetes.io/dockerconfigjson") {
        need_json(".dockerconfigjson");
    } else if (type == "kubernetes.io/basic-auth") {
        if (!has("username") && !has("password")) {
            need("username");
            need("password");
        }
    } else if (type == "kubernetes.io/ssh-auth") {
        need("ssh-privatekey");
    } else if (type == "kubernetes.io/tls") {
        need("tls.crt");
        need("tls.key");
    }
}

void validate_lease(const Json& object, Complaints& complaints) {
    const auto& seconds = at(at(object, "spec"), "leaseDurationSeconds");
    if (seconds.is_number_integer() && seconds.get<std::int64_t>() <= 0) {
        complaints.invalid("spec.leaseDurationSeconds", seconds.get<std::int64_t>(), "must be greater than 0");
    }
}

/// `old` is null for an object that is new.
void validate_object(const KindRow& kind, std::string_view subresource, const Json& object, const Json* old,
                     Complaints& complaints) {
    // The real server's rules of Events are its oldest; their names and labels are hardly looked at.
    if (kind.kind == "Event" && !kind.custom) validate_event(kind, object, old, complaints);
    validate_metadata(kind, object.at("metadata"), complaints);
    if (kind.custom) return validate_custom(*kind.custom, object, old, subresource, complaints);
    if (kind.kind == "CustomResourceDefinition" && subresource.empty()) definition::validate(object, old, complaints);
    if (kind.kind == "ConfigMap") validate_config_map(object, complaints);
    if (kind.kind == "Secret") validate_secret(object, complaints);
    if (kind.kind == "Pod") validate_pod_spec(at(object, "spec"), "spec", complaints);
    if (kind.kind == "Lease") validate_lease(object, complaints);
    if (kind.kind == "Deployment" || kind.kind == "ReplicaSet") validate_deployment(object, old, complaints);
    if (kind.kind == "Endpoints") validate_endpoints(object, complaints);
    if (kind.kind == "EndpointSlice") validate_endpoint_slice(object, old, complaints);
    if (kind.kind == "Service") validate_service(object, old, complaints);
    if (kind.group == "rbac.authorization.k8s.io") validate_role_or_binding(kind, object, old, complaints);
}

}  // namespace

void give_identity(const KindRow& kind, Json& object, std::string_view namespace_name, WallTime now) {
    auto& metadata = object["metadata"];
    metadata["uid"] = names::uuid();
    metadata["creationTimestamp"] = rfc3339(now);
    metadata.erase("deletionTimestamp");
    metadata.erase("deletionGracePeriodSeconds");
    metadata.erase("selfLink");
    if (kind.habits.has_generation) {
        metadata["generation"] = 1;
    } else {
        metadata.erase("generation");
    }
    if (kind.namespaced) {
        metadata["namespace"] = namespace_name;
    } else {
        metadata.erase("namespace");
    }
    const auto prefix = text_at(metadata, "generateName");
    if (!prefix.empty() && text_at(metadata, "name").empty()) metadata["name"] = names::generated(prefix);
}

Json first_status(const KindRow& kind) {
    if (kind.kind == "Pod") return {{"phase", "Pending"}};
    if (kind.kind == "ReplicaSet") return {{"replicas", 0}};
    return Json::object();
}

void set_defaults(const KindRow& kind, Json& object) {
    auto& metadata = object["metadata"];
    for (const char* key : {"labels", "annotations", "finalizers", "ownerReferences"}) {
        if (metadata.contains(key) && metadata[key].empty()) metadata.erase(key);
    }
    if (kind.custom) return;
    if (kind.kind == "Namespace") {
        metadata["labels"]["kubernetes.io/metadata.name"] = text_at(metadata, "name");
        if (!at(object, "status").contains("phase")) object["status"]["phase"] = "Active";
    } else if (kind.kind == "ConfigMap" || kind.kind == "Secret") {
        if (object.contains("stringData")) {
            for (const auto& [key, value] : object["stringData"].items()) {
                object["data"][key] = base64(value.get_ref<const std::string&>());
            }
            object.erase("stringData");
        }
        for (const char* key : {"data", "binaryData"}) {
            if (object.contains(key) && object[key].empty()) object.erase(key);
        }
        if (kind.kind == "Secret" && text_at(object, "type").empty()) object["type"] = "Opaque";
    } else if (kind.kind == "ServiceAccount") {
        // Of the references to Secrets only the names are kept.
        if (const auto secrets = object.find("secrets"); secrets != object.end()) {
            for (auto& secret : *secrets) secret = {{"name", text_at(secret, "name")}};
        }
    } else if (kind.kind == "Pod") {
        default_pod(object);
    } else if (kind.kind == "Deployment") {
        default_deployment(object);
    } else if (kind.kind == "ReplicaSet") {
        default_replica_set(object);
    } else if (kind.kind == "LimitRange") {
        default_limit_range(object);
    } else if (kind.kind == "Endpoints") {
        default_endpoints(object);
    } else if (kind.kind == "EndpointSlice") {
        default_endpoint_slice(object);
    } else if (kind.kind == "Service") {
        default_service(object);
    } else if (kind.group == "rbac.authorization.k8s.io") {
        default_role_or_binding(object);
    } else if (kind.kind == "Event") {
        default_event(kind, object);
    } else if (kind.kind == "CustomResourceDefinition" && !kind.custom) {
        definition::set_defaults(object);
    }
}

void allocate(const KindRow& kind, Json& object) {
    if (kind.custom) return;
    if (kind.kind == "Namespace") object["spec"]["finalizers"] = {"kubernetes"};
    if (kind.kind == "Service") allocate_service(object);
}

void validate(const KindRow& kind, const Json& object, Complaints& complaints) {
    validate_object(kind, "", object, nullptr, complaints);
}

void keep_what_stays(const KindRow& kind, std::string_view subresource, Json& object, const Json& old) {
    if (kind.custom && subresource == "status") keep_but_status(object, old);
    auto& metadata = object["metadata"];
    const auto& before = old.at("metadata");
    copy_or_erase(metadata, before, "generation");
    copy_or_erase(metadata, before, "creationTimestamp");
    if (!metadata.contains("uid") || text_at(metadata, "uid").empty()) copy_or_erase(metadata, before, "uid");
    if (before.contains("deletionTimestamp")) copy_or_erase(metadata, before, "deletionTimestamp");
    if (!metadata.contains("deletionGracePeriodSeconds")) copy_or_erase(metadata, before, "deletionGracePeriodSeconds");
    if (!kind.namespaced) metadata.erase("namespace");

    if (subresource == "status") {
        if (kind.kind == "Deployment" && !kind.custom) copy_or_erase(metadata, before, "labels");
        copy_or_erase(object, old, "spec");
    } else if (subresource == "finalize" || kind.subresource("status")) {
        copy_or_erase(object, old, "status");
    }
    if (kind.kind == "Service" && !kind.custom) keep_allocated(object, old);
    if (kind.kind == "Namespace" && !kind.custom && subresource != "finalize") {
        copy_or_erase(object["spec"], old.value("spec", Json::object()), "finalizers");
    }
    bool changed = object.value("spec", Json()) != old.value("spec", Json());
    if (kind.custom) changed = differs_beside_metadata(object, old);
    if (kind.kind == "EndpointSlice" && !kind.custom)
        changed = differs_beside_metadata(object, old) || at(metadata, "labels") != at(before, "labels");
    if (kind.habits.has_generation && changed && subresource != "status") {
        metadata["generation"] = before.value("generation", std::int64_t{0}) + 1;
    }
}

void validate_update(const KindRow& kind, std::string_view subresource, const Json& object, const Json& old,
                     Complaints& complaints) {
    const auto& metadata = object.at("metadata");
    const auto& before = old.at("metadata");
    if (before.contains("deletionTimestamp")) {
        std::vector<std::string> added;
        const auto& had = at(before, "finalizers");
        for (const auto& finalizer : at(metadata, "finalizers")) {
            if (std::ranges::find(had, finalizer) == had.end()) added.push_back(finalizer);
        }
        std::ranges::sort(added);
        if (!added.empty()) {
            std::string list;
            for (const auto& finalizer : added) list += (list.empty() ? "" : ", ") + in_quotes(finalizer);
            complaints.forbidden("metadata.finalizers",
                                 fmt::format("no new finalizers can be added if the object is being deleted, found new "
                                             "finalizers []string{{{}}}",
                                             list));
        }
    }
    for (const char* key : {"uid", "deletionTimestamp"}) {
        if (text_at(metadata, key) != text_at(before, key)) {
            complaints.invalid(std::string("metadata.") + key, text_at(metadata, key), "field is immutable");
        }
    }
    if (kind.kind == "Namespace" && !kind.custom && subresource == "status") {
        const auto phase = text_at(at(object, "status"), "phase");
        const bool goes = before.contains("deletionTimestamp");
        if (phase != (goes ? "Terminating" : "Active")) {
            complaints.invalid("status.Phase", phase,
                               goes ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
                                    : "may only be 'Active' if `deletionTimestamp` is empty");
        }
    }
    if (kind.kind == "Secret" && !kind.custom && text_at(object, "type") != text_at(old, "type")) {
        complaints.invalid("type", text_at(object, "type"), "field is immutable");
    }
    if ((kind.kind == "ConfigMap" || kind.kind == "Secret") && !kind.custom && true_at(old, "immutable")) {
        if (!true_at(object, "immutable")) complaints.forbidden("immutable", IMMUTABLE);
        if (at(object, "data") != at(old, "data")) complaints.forbidden("data", IMMUTABLE);
        if (at(object, "binaryData") != at(old, "binaryData")) complaints.forbidden("binaryData", IMMUTABLE);
    }
    validate_object(kind, subresource, object, &old, complaints);
}

}  // namespace moontide::sandbox
