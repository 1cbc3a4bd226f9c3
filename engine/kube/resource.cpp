#include "kube/resource.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace moontide::kube {

namespace {

using Served = std::pair<std::string_view, std::string_view>;

// The stored kinds of Kubernetes 1.36 in the version to be preferred, sorted by kind.
constexpr auto own_kinds = std::to_array<Served>({
    {"APIService", "apiregistration.k8s.io/v1"},
    {"CSIDriver", "storage.k8s.io/v1"},
    {"CSINode", "storage.k8s.io/v1"},
    {"CSIStorageCapacity", "storage.k8s.io/v1"},
    {"CertificateSigningRequest", "certificates.k8s.io/v1"},
    {"ClusterRole", "rbac.authorization.k8s.io/v1"},
    {"ClusterRoleBinding", "rbac.authorization.k8s.io/v1"},
    {"ConfigMap", "v1"},
    {"ControllerRevision", "apps/v1"},
    {"CronJob", "batch/v1"},
    {"CustomResourceDefinition", "apiextensions.k8s.io/v1"},
    {"DaemonSet", "apps/v1"},
    {"Deployment", "apps/v1"},
    {"DeviceClass", "resource.k8s.io/v1"},
    {"EndpointSlice", "discovery.k8s.io/v1"},
    {"Endpoints", "v1"},
    {"Event", "v1"},
    {"FlowSchema", "flowcontrol.apiserver.k8s.io/v1"},
    {"HorizontalPodAutoscaler", "autoscaling/v2"},
    {"IPAddress", "networking.k8s.io/v1"},
    {"Ingress", "networking.k8s.io/v1"},
    {"IngressClass", "networking.k8s.io/v1"},
    {"Job", "batch/v1"},
    {"Lease", "coordination.k8s.io/v1"},
    {"LimitRange", "v1"},
    {"MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1"},
    {"Namespace", "v1"},
    {"NetworkPolicy", "networking.k8s.io/v1"},
    {"Node", "v1"},
    {"PersistentVolume", "v1"},
    {"PersistentVolumeClaim", "v1"},
    {"Pod", "v1"},
    {"PodDisruptionBudget", "policy/v1"},
    {"PodTemplate", "v1"},
    {"PriorityClass", "scheduling.k8s.io/v1"},
    {"PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1"},
    {"ReplicaSet", "apps/v1"},
    {"ReplicationController", "v1"},
    {"ResourceClaim", "resource.k8s.io/v1"},
    {"ResourceClaimTemplate", "resource.k8s.io/v1"},
    {"ResourceQuota", "v1"},
    {"ResourceSlice", "resource.k8s.io/v1"},
    {"Role", "rbac.authorization.k8s.io/v1"},
    {"RoleBinding", "rbac.authorization.k8s.io/v1"},
    {"RuntimeClass", "node.k8s.io/v1"},
    {"Secret", "v1"},
    {"Service", "v1"},
    {"ServiceAccount", "v1"},
    {"ServiceCIDR", "networking.k8s.io/v1"},
    {"StatefulSet", "apps/v1"},
    {"StorageClass", "storage.k8s.io/v1"},
    {"ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1"},
    {"ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1"},
    {"ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"},
    {"VolumeAttachment", "storage.k8s.io/v1"},
    {"VolumeAttributesClass", "storage.k8s.io/v1"},
});
static_assert(std::ranges::is_sorted(own_kinds, {}, &Served::first));

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

}  // namespace

std::string_view Kind::group() const {
    const auto slash = api_version.find('/');
    return slash == std::string::npos ? std::string_view() : std::string_view(api_version).substr(0, slash);
}

std::string_view Kind::version() const {
    const auto slash = api_version.find('/');
    return slash == std::string::npos ? std::string_view(api_version) : std::string_view(api_version).substr(slash + 1);
}

std::string Ref::text() const {
    return kind.kind + ' ' + (namespace_name.empty() ? name : namespace_name + '/' + name);
}

std::string path(const Resource& resource, std::string_view namespace_name, std::string_view name) {
    std::string out = resource.kind.group().empty() ? "/api/" : "/apis/";
    out += resource.kind.api_version;
    if (resource.namespaced && !namespace_name.empty()) out += "/namespaces/" + percent_encoded(namespace_name);
    out += '/' + resource.plural;
    if (!name.empty()) out += '/' + percent_encoded(name);
    return out;
}

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::optional<std::string> own_api_version(std::string_view kind) {
    const auto found = std::ranges::lower_bound(own_kinds, kind, {}, &Served::first);
    if (found == own_kinds.end() || found->first != kind) return std::nullopt;
    return std::string(found->second);
}

std::optional<Resource> well_known(const Kind& kind) {
    static const std::array<Resource, 6> known = {{
        {{"v1", "ConfigMap"}, "configmaps", true, false},
        {{"v1", "Secret"}, "secrets", true, false},
        {{"v1", "Namespace"}, "namespaces", false, true},
        {{"v1", "Event"}, "events", true, false},
        {{"coordination.k8s.io/v1", "Lease"}, "leases", true, false},
        {{"v1", "Pod"}, "pods", true, true},
    }};
    const auto found = std::ranges::find(known, kind, &Resource::kind);
    if (found == known.end()) return std::nullopt;
    return *found;
}

}  // namespace moontide::kube
