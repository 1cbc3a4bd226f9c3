#include "sandbox/pods.hpp"

#include "sandbox/captured.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/names.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

void default_pod_spec(Json& spec) {
    if (!spec.is_object()) spec = Json::object();
    set_missing(spec, "restartPolicy", "Always");
    set_missing(spec, "terminationGracePeriodSeconds", 30);
    set_missing(spec, "dnsPolicy", "ClusterFirst");
    set_missing(spec, "securityContext", Json::object());
    set_missing(spec, "schedulerName", "default-scheduler");
    if (const auto account = text_at(spec, "serviceAccountName"); !account.empty()) spec["serviceAccount"] = account;
    for (const char* list : {"containers", "initContainers"}) {
        if (!spec.contains(list) || !spec[list].is_array()) continue;
        for (auto& container : spec[list]) {
            set_missing(container, "resources", Json::object());
            set_missing(container, "terminationMessagePath", "/dev/termination-log");
            set_missing(container, "terminationMessagePolicy", "File");
            const auto image = text_at(container, "image");
            const bool latest =
                image.ends_with(":latest") ||
                image.find(':', image.rfind('/') == std::string::npos ? 0 : image.rfind('/')) == std::string::npos;
            set_missing(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
        }
    }
}

void default_pod(Json& pod) {
    default_pod_spec(pod["spec"]);
    set_missing(pod["spec"], "enableServiceLinks", true);
}

void validate_pod_spec(const Json& spec, const std::string& field, Complaints& complaints) {
    const auto containers = spec.is_object() ? spec.value("containers", Json()) : Json();
    if (!containers.is_array() || containers.empty()) return complaints.required(field + ".containers");
    std::size_t index = 0;
    std::set<std::string> seen;
    for (const auto& container : containers) {
        const auto place = fmt::format("{}.containers[{}].", field, index++);
        const auto name = text_at(container, "name");
        if (name.empty()) complaints.required(place + "name");
        for (const auto& fault : name.empty() ? names::Faults() : names::dns_label(name))
            complaints.invalid(place + "name", name, fault);
        if (!name.empty() && !seen.insert(name).second) complaints.duplicate(place + "name", name);
        if (text_at(container, "image").empty()) complaints.required(place + "image");
    }
    const auto policy = text_at(spec, "restartPolicy");
    if (policy != "Always" && policy != "OnFailure" && policy != "Never")
        complaints.unsupported(field + ".restartPolicy", in_quotes(policy), {"Always", "OnFailure", "Never"});
}

Outcome<std::string> container_of(const Json& pod, const std::string& named) {
    const auto name = text_at(pod.at("metadata"), "name");
    std::vector<std::string> all;
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
        for (const auto& container : at(pod.at("spec"), list)) all.push_back(text_at(container, "name"));
    }
    if (!named.empty()) {
        if (std::ranges::find(all, named) != all.end()) return named;
        return refuse(bad_request(fmt::format("container {} is not valid for pod {}", named, name)));
    }
    const auto& containers = at(pod.at("spec"), "containers");
    if (containers.size() == 1) return text_at(containers.front(), "name");
    return refuse(bad_request(
        fmt::format("a container name must be specified for pod {}, choose one of: [{}]", name, fmt::join(all, " "))));
}

const KindRow& eviction_kind() {
    static const KindRow row = [] {
        KindRow made;
        made.group = "policy";
        made.version = "v1";
        made.kind = "Eviction";
        made.list_kind = "EvictionList";
        made.resource = "evictions";
        made.schemas = &captured::openapi("api/v1")->at("components").at("schemas");
        made.schema = &made.schemas->at("io.k8s.api.policy.v1.Eviction");
        return made;
    }();
    return row;
}

}  // namespace moontide::sandbox
