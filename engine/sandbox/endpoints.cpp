#include "sandbox/endpoints.hpp"

#include "sandbox/json_at.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

void default_endpoints(Json& endpoints) {
    const auto subsets = endpoints.find("subsets");
    if (subsets == endpoints.end()) return;
    for (auto& subset : *subsets) {
        const auto ports = subset.find("ports");
        if (ports == subset.end()) continue;
        for (auto& port : *ports) set_missing(port, "protocol", "TCP");
    }
}

void validate_endpoints(const Json& endpoints, Complaints& complaints) {
    std::size_t index = 0;
    for (const auto& subset : at(endpoints, "subsets")) {
        const auto field = fmt::format("subsets[{}]", index++);
        if (at(subset, "addresses").empty() && at(subset, "notReadyAddresses").empty())
            complaints.required(field, "must specify `addresses` or `notReadyAddresses`");
        const auto& ports = at(subset, "ports");
        for (std::size_t i = 0; i < ports.size(); ++i) {
            if (ports.size() > 1 && text_at(ports[i], "name").empty())
                complaints.required(fmt::format("{}.ports[{}].name", field, i));
        }
    }
}

void default_endpoint_slice(Json& slice) {
    set_missing(slice, "endpoints", nullptr);
    set_missing(slice, "ports", nullptr);
    for (auto& port : slice["ports"]) {
        set_missing(port, "name", "");
        set_missing(port, "protocol", "TCP");
    }
}

void validate_endpoint_slice(const Json& slice, const Json* old, Complaints& complaints) {
    const auto type = text_at(slice, "addressType");
    if (type.empty()) {
        complaints.required("addressType");
    } else if (type != "IPv4" && type != "IPv6" && type != "FQDN") {
        complaints.unsupported_value("addressType", type, {"FQDN", "IPv4", "IPv6"});
    }
    std::size_t index = 0;
    for (const auto& endpoint : at(slice, "endpoints")) {
        if (at(endpoint, "addresses").empty()) {
            complaints.required(fmt::format("endpoints[{}].addresses", index), "must contain at least 1 address");
        }
        ++index;
    }
    if (old && text_at(*old, "addressType") != type) complaints.invalid("addressType", type, "field is immutable");
}

}  // namespace moontide::sandbox
