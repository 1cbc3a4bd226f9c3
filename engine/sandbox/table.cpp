// The cells of each kind's Table rows, as the printers of the real server make them.
#include "sandbox/custom_kind.hpp"
#include "sandbox/deployments.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/spelling.hpp"
#include "sandbox/time.hpp"
#include "sandbox/view.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : text;
}

std::string age(const Json& object, WallTime now) {
    return age_of(text_at_place(object, "/metadata/creationTimestamp"), now);
}

Json event_cells(const Json& object, WallTime now) {
    auto first = text_at_place(object, "/firstTimestamp");
    if (first.empty()) first = text_at_place(object, "/eventTime");
    auto last = text_at_place(object, "/lastTimestamp");
    if (last.empty()) last = first;
    auto count = at_place(object, "/count");
    if (const auto& series = at_place(object, "/series"); series.is_object()) {
        last = text_at_place(object, "/series/lastObservedTime");
        count = at_place(object, "/series/count");
    } else if (!count.is_number_integer() || count == 0) {
        count = 1;
    }
    const auto name = text_at_place(object, "/involvedObject/name");
    const auto kind = lower(text_at_place(object, "/involvedObject/kind"));
    auto component = text_at_place(object, "/source/component");
    if (component.empty()) component = text_at_place(object, "/reportingComponent");
    auto host = text_at_place(object, "/source/host");
    if (host.empty()) host = text_at_place(object, "/reportingInstance");
    auto message = text_at_place(object, "/message");
    while (!message.empty() && std::isspace(static_cast<unsigned char>(message.back()))) message.pop_back();
    return {age_of(last, now),
            text_at_place(object, "/type"),
            text_at_place(object, "/reason"),
            name.empty() ? kind : kind + "/" + name,
            text_at_place(object, "/involvedObject/fieldPath"),
            host.empty() ? component : component + ", " + host,
            message,
            age_of(first, now),
            count,
            text_at_place(object, "/metadata/name")};
}

/// What a container's state says that the pod's phase does not.
std::string state_reason(const Json& state) {
    if (const auto waiting = text_at_place(state, "/waiting/reason"); !waiting.empty()) return waiting;
    if (!at_place(state, "/terminated").is_object()) return {};
    if (const auto ended = text_at_place(state, "/terminated/reason"); !ended.empty()) return ended;
    const auto& signal = at_place(state, "/terminated/signal");
    if (signal.is_number() && signal != 0) return fmt::format("Signal:{}", signal.get<int>());
    const auto& code = at_place(state, "/terminated/exitCode");
    return fmt::format("ExitCode:{}", code.is_number() ? code.get<int>() : 0);
}

Json pod_cells(const Json& object, WallTime now) {
    const auto phase = text_at_place(object, "/status/phase");
    auto reason = text_at_place(object, "/status/reason");
    if (reason.empty()) reason = phase;
    std::size_t ready = 0;
    std::int64_t restarts = 0;
    bool running = false;
    std::string last_restart;
    const auto& statuses = at_place(object, "/status/containerStatuses");
    for (auto status = statuses.rbegin(); status != statuses.rend(); ++status) {
        if (const auto& count = at_place(*status, "/restartCount"); count.is_number_integer())
            restarts += count.get<std::int64_t>();
        last_restart = std::max(last_restart, text_at_place(*status, "/lastState/terminated/finishedAt"));
        const auto& is_ready = at_place(*status, "/ready");
        if (const auto said = state_reason(status->value("state", Json::object())); !said.empty()) {
            reason = said;
        } else if (is_ready.is_boolean() && is_ready.get<bool>() && at_place(*status, "/state/running").is_object()) {
            running = true;
            ++ready;
        }
    }
    if (reason == "Completed" && running) reason = "NotReady";
    if (at_place(object, "/metadata/deletionTimestamp").is_string() && phase != "Succeeded" && phase != "Failed")
        reason = "Terminating";
    const auto restarted = restarts == 0 || last_restart.empty()
                               ? std::to_string(restarts)
                               : fmt::format("{} ({} ago)", restarts, age_of(last_restart, now));
    return {text_at_place(object, "/metadata/name"),
            fmt::format("{}/{}", ready, at_place(object, "/spec/containers").size()),
            reason,
            restarted,
            age(object, now),
            or_none(text_at_place(object, "/status/podIPs/0/ip")),
            or_none(text_at_place(object, "/spec/nodeName")),
            or_none(text_at_place(object, "/status/nominatedNodeName")),
            "<none>"};
}

Json quota_cells(const Json& object, WallTime now) {
    std::string requests;
    std::string limits;
    for (const auto& [resource, hard] : at_place(object, "/status/hard").items()) {
        auto& column = resource.starts_with("limits.") ? limits : requests;
        const auto used = at_place(object, "/status/used").value(resource, std::string("0"));
        column += fmt::format("{}{}: {}/{}", column.empty() ? "" : ", ", resource, used, hard.get<std::string>());
    }
    return {text_at_place(object, "/metadata/name"), requests, limits, age(object, now)};
}

std::int64_t count_at(const Json& object, const char* pointer) {
    const auto& value = at_place(object, pointer);
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

/// What the wide form shows of a kind that makes pods: containers, images, selector.
void add_template_cells(Json& cells, const Json& object) {
    std::string names;
    std::string images;
    for (const auto& container : at_place(object, "/spec/template/spec/containers")) {
        names += (names.empty() ? "" : ",") + text_at_place(container, "/name");
        images += (images.empty() ? "" : ",") + text_at_place(container, "/image");
    }
    cells.push_back(std::move(names));
    cells.push_back(std::move(images));
    cells.push_back(selector_text(at_place(object, "/spec/selector")));
}

Json deployment_cells(const Json& object, WallTime now) {
    Json cells = {text_at_place(object, "/metadata/name"),
                  fmt::format("{}/{}", count_at(object, "/status/readyReplicas"), count_at(object, "/spec/replicas")),
                  count_at(object, "/status/updatedReplicas"), count_at(object, "/status/availableReplicas"),
                  age(object, now)};
    add_template_cells(cells, object);
    return cells;
}

Json replica_set_cells(const Json& object, WallTime now) {
    Json cells = {text_at_place(object, "/metadata/name"), count_at(object, "/spec/replicas"),
                  count_at(object, "/status/replicas"), count_at(object, "/status/readyReplicas"), age(object, now)};
    add_template_cells(cells, object);
    return cells;
}

/// The first three, and how many there are beside them.
std::string first_three(const std::vector<std::string>& all) {
    constexpr std::size_t SHOWN = 3;
    const auto shown = static_cast<std::ptrdiff_t>(std::min(all.size(), SHOWN));
    auto text = fmt::format("{}", fmt::join(all.begin(), all.begin() + shown, ","));
    if (all.size() > SHOWN) text += fmt::format(" + {} more...", all.size() - SHOWN);
    return text;
}

Json endpoints_cells(const Json& object, WallTime now) {
    std::vector<std::string> all;
    for (const auto& subset : at_place(object, "/subsets")) {
        const auto& ports = at_place(subset, "/ports");
        for (const auto& port : ports) {
            for (const auto& address : at_place(subset, "/addresses"))
                all.push_back(fmt::format("{}:{}", text_at_place(address, "/ip"), count_at(port, "/port")));
        }
        if (!ports.empty()) continue;
        for (const auto& address : at_place(subset, "/addresses")) all.push_back(text_at_place(address, "/ip"));
    }
    return {text_at_place(object, "/metadata/name"), at_place(object, "/subsets").empty() ? "<none>" : first_three(all),
            age(object, now)};
}

Json endpoint_slice_cells(const Json& object, WallTime now) {
    std::vector<std::string> ports;
    for (const auto& port : at_place(object, "/ports")) {
        const auto name = text_at_place(port, "/name");
        ports.push_back(port.contains("port") ? at_place(port, "/port").dump() : name.empty() ? "*" : name);
    }
    std::vector<std::string> addresses;
    for (const auto& endpoint : at_place(object, "/endpoints")) {
        for (const auto& address : at_place(endpoint, "/addresses")) addresses.push_back(address.get<std::string>());
    }
    const auto or_unset = [](const std::string& text) { return text.empty() ? "<unset>" : text; };
    return {text_at_place(object, "/metadata/name"), text_at_place(object, "/addressType"),
            or_unset(first_three(ports)), or_unset(first_three(addresses)), age(object, now)};
}

Json service_cells(const Json& object, WallTime now) {
    const auto type = text_at_place(object, "/spec/type");
    std::string outside;
    for (const auto& address : at_place(object, "/spec/externalIPs"))
        outside += (outside.empty() ? "" : ",") + address.get<std::string>();
    if (type == "ExternalName") outside = text_at_place(object, "/spec/externalName");
    if (type == "LoadBalancer" && outside.empty()) outside = "<pending>";
    std::string ports;
    for (const auto& port : at_place(object, "/spec/ports")) {
        ports += fmt::format("{}{}", ports.empty() ? "" : ",", at_place(port, "/port").dump());
        if (port.contains("nodePort")) ports += ":" + at_place(port, "/nodePort").dump();
        ports += "/" + text_at_place(port, "/protocol");
    }
    std::string selector;
    for (const auto& [key, value] : at_place(object, "/spec/selector").items())
        selector += (selector.empty() ? "" : ",") + key + "=" + value.get<std::string>();
    return {text_at_place(object, "/metadata/name"),
            type,
            or_none(text_at_place(object, "/spec/clusterIP")),
            or_none(outside),
            or_none(ports),
            age(object, now),
            or_none(selector)};
}

Json binding_cells(const Json& object, WallTime now) {
    std::string users;
    std::string groups;
    std::string accounts;
    for (const auto& subject : at_place(object, "/subjects")) {
        const auto kind = text_at_place(subject, "/kind");
        auto& list = kind == "User" ? users : kind == "Group" ? groups : accounts;
        if (!list.empty()) list += ", ";
        if (kind == "ServiceAccount") list += text_at_place(subject, "/namespace") + "/";
        list += text_at_place(subject, "/name");
    }
    const auto role = text_at_place(object, "/roleRef/kind") + "/" + text_at_place(object, "/roleRef/name");
    return {text_at_place(object, "/metadata/name"), role, age(object, now), users, groups, accounts};
}

Json custom_cell(const std::string& type, const Json& value, WallTime now) {
    // kubectl's own JSONPath prints lists and maps as JSON.
    if (type == "string") return value.is_structured() ? value.dump() : printed(value);
    if (type == "integer" && value.is_number()) return value.get<std::int64_t>();
    if (type == "number" && value.is_number()) return value.get<double>();
    if (type == "boolean" && value.is_boolean()) return value;
    if (type == "date" && value.is_string()) {
        const auto time = value.get<std::string>();
        return parse_time(time) ? age_of(time, now) : "<invalid>";
    }
    return nullptr;
}

Json custom_cells(const CustomKind& kind, const Json& object, WallTime now) {
    Json cells = {text_at_place(object, "/metadata/name")};
    for (const auto& column : kind.columns) {
        const Json* value = column.path.first(object);
        cells.push_back(value ? custom_cell(column.type, *value, now) : Json());
    }
    return cells;
}

}  // namespace

Json table_cells(const KindRow& row, const Record& record, WallTime now) {
    const auto object = record.stored();
    if (row.custom) return custom_cells(*row.custom, object, now);
    const auto& kind = row.kind;
    const auto data = at_place(object, "/data").size();
    if (kind == "Event") return event_cells(object, now);
    if (kind == "ReplicaSet") return replica_set_cells(object, now);
    if (kind == "Endpoints") return endpoints_cells(object, now);
    if (kind == "EndpointSlice") return endpoint_slice_cells(object, now);
    if (kind == "Pod") return pod_cells(object, now);
    if (kind == "ResourceQuota") return quota_cells(object, now);
    if (kind == "ConfigMap") return {record.name, data + at_place(object, "/binaryData").size(), age(object, now)};
    if (kind == "Secret") return {record.name, text_at_place(object, "/type"), data, age(object, now)};
    if (kind == "Namespace") return {record.name, text_at_place(object, "/status/phase"), age(object, now)};
    if (kind == "Lease") return {record.name, text_at_place(object, "/spec/holderIdentity"), age(object, now)};
    if (kind == "Deployment") return deployment_cells(object, now);
    if (kind == "Service") return service_cells(object, now);
    if (kind == "RoleBinding" || kind == "ClusterRoleBinding") return binding_cells(object, now);
    if (kind == "LimitRange" || kind == "Role" || kind == "ClusterRole" || kind == "CustomResourceDefinition")
        return {record.name, text_at_place(object, "/metadata/creationTimestamp")};
    return {record.name, age(object, now)};
}

}  // namespace moontide::sandbox
