#include "sandbox/services.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/names.hpp"

#include <functional>
#include <set>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

bool is_external(const Json& spec) {
    return text_at(spec, "type") == "ExternalName";
}

bool has_node_ports(const Json& spec) {
    const auto type = text_at(spec, "type");
    return type == "NodePort" || type == "LoadBalancer";
}

bool is_address(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

void check_port(const Json& port, const std::string& field, bool alone, Complaints& complaints) {
    const auto name = text_at(port, "name");
    if (name.empty() && !alone) complaints.required(field + ".name");
    for (const auto& fault : name.empty() ? names::Faults() : names::dns_label(name))
        complaints.invalid(field + ".name", name, fault);
    const auto protocol = text_at(port, "protocol");
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
        complaints.unsupported(field + ".protocol", in_quotes(protocol), {"SCTP", "TCP", "UDP"});
    for (const char* key : {"port", "targetPort"}) {
        const auto& number = at(port, key);
        if (!number.is_number_integer()) continue;
        const auto value = number.get<std::int64_t>();
        if (value < 1 || value > 65535)
            complaints.invalid(field + "." + key, value, "must be between 1 and 65535, inclusive");
    }
}

}  // namespace

void default_service(Json& service) {
    auto& spec = service["spec"];
    if (!spec.is_object()) spec = Json::object();
    set_missing(spec, "type", "ClusterIP");
    set_missing(spec, "sessionAffinity", "None");
    if (spec.contains("ports") && spec["ports"].is_array()) {
        for (auto& port : spec["ports"]) {
            set_missing(port, "protocol", "TCP");
            if (!port.contains("targetPort") || port["targetPort"] == 0 || port["targetPort"] == "")
                port["targetPort"] = at(port, "port");
        }
    }
    if (spec["sessionAffinity"] == "ClientIP")
        set_missing(spec, "sessionAffinityConfig", {{"clientIP", {{"timeoutSeconds", 10800}}}});
    if (!is_external(spec)) set_missing(spec, "internalTrafficPolicy", "Cluster");
    if (has_node_ports(spec)) set_missing(spec, "externalTrafficPolicy", "Cluster");
    if (text_at(spec, "type") == "LoadBalancer") set_missing(spec, "allocateLoadBalancerNodePorts", true);
    auto& status = service["status"];
    if (!status.is_object()) status = Json::object();
    set_missing(status, "loadBalancer", Json::object());
}

void allocate_service(Json& service) {
    auto& spec = service["spec"];
    if (is_external(spec)) return;
    const auto seed = std::hash<std::string>()(text_at(service["metadata"], "uid"));
    if (text_at(spec, "clusterIP").empty())
        spec["clusterIP"] = fmt::format("10.{}.{}.{}", 96 + seed % 16, (seed >> 8) % 256, 1 + (seed >> 16) % 254);
    set_missing(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
    const bool anywhere = spec["clusterIP"] == "None" && at(spec, "selector").empty();
    if (anywhere) {
        set_missing(spec, "ipFamilies", {"IPv4", "IPv6"});
        set_missing(spec, "ipFamilyPolicy", "RequireDualStack");
    } else {
        set_missing(spec, "ipFamilies", Json::array({"IPv4"}));
        set_missing(spec, "ipFamilyPolicy", "SingleStack");
    }
    if (!has_node_ports(spec) || !spec.contains("ports")) return;
    std::size_t index = 0;
    for (auto& port : spec["ports"]) {
        if (!port.contains("nodePort")) port["nodePort"] = 30000 + (seed + 97 * index) % 2768;
        ++index;
    }
}

void keep_allocated(Json& service, const Json& old) {
    auto& spec = service["spec"];
    const auto& before = at(old, "spec");
    if (is_external(spec) || is_external(before)) return;
    for (const char* key : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
        if (!spec.contains(key) && before.contains(key)) spec[key] = before[key];
    }
    if (!has_node_ports(spec)) return;
    for (auto& port : spec["ports"]) {
        for (const auto& other : at(before, "ports")) {
            const bool same = at(port, "port") == at(other, "port") && at(port, "protocol") == at(other, "protocol");
            if (same && !port.contains("nodePort") && other.contains("nodePort")) port["nodePort"] = other["nodePort"];
        }
    }
}

void validate_service(const Json& service, const Json* old, Complaints& complaints) {
    const auto& spec = at(service, "spec");
    const auto& ports = at(spec, "ports");
    const bool headless = text_at(spec, "clusterIP") == "None";
    if (ports.empty() && !headless && !is_external(spec)) complaints.required("spec.ports");
    std::set<std::string> seen;
    std::size_t index = 0;
    for (const auto& port : ports) {
        const auto field = fmt::format("spec.ports[{}]", index++);
        check_port(port, field, ports.size() == 1, complaints);
        const auto name = text_at(port, "name");
        if (!name.empty() && !seen.insert(name).second) complaints.duplicate(field + ".name", name);
    }
    const auto type = text_at(spec, "type");
    if (type != "ClusterIP" && type != "ExternalName" && type != "LoadBalancer" && type != "NodePort") {
        complaints.unsupported("spec.type", in_quotes(type), {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
    }
    if (is_external(spec) && text_at(spec, "externalName").empty()) complaints.required("spec.externalName");
    std::size_t place = 0;
    for (const auto& address : at(spec, "clusterIPs")) {
        const auto text = address.is_string() ? address.get<std::string>() : std::string();
        const auto field = fmt::format("spec.clusterIPs[{}]", place++);
        if (text != "None" && !is_address(text))
            complaints.invalid(field, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    if (!old || is_external(spec) || is_external(at(*old, "spec"))) return;
    const auto was = text_at(at(*old, "spec"), "clusterIP");
    const auto is = text_at(spec, "clusterIP");
    if (!was.empty() && is != was)
        complaints.invalid_value("spec.clusterIPs[0]", Json::array({is}), "may not change once set");
}

}  // namespace moontide::sandbox
