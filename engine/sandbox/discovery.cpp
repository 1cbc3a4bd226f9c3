#include "sandbox/discovery.hpp"

#include "sandbox/captured.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr auto* AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

Response json(const Json& tree) {
    Response response;
    response.body = tree.dump();
    return response;
}

Response text(int status, std::string body) {
    Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

/// kubectl names the aggregated form first and the plain one last.
bool wants_aggregated(const std::string& accept) {
    return accept.find("as=APIGroupDiscoveryList") != std::string::npos && accept.find("v=v2;") != std::string::npos;
}

Response aggregated(const char* part) {
    auto response = json(captured::surface().at(part));
    response.content_type = AGGREGATED;
    return response;
}

Json group_of(const std::string& name, const Json& versions) {
    return {{"name", name}, {"versions", versions}, {"preferredVersion", versions.front()}};
}

/// Groups in the order of the captured table, each with its versions.
std::vector<Json> groups(const Kinds& kinds) {
    std::vector<std::pair<std::string, Json>> groups;
    for (const auto& row : kinds.rows()) {
        if (row.group.empty()) continue;
        auto found = std::ranges::find(groups, row.group, &std::pair<std::string, Json>::first);
        if (found == groups.end()) found = groups.insert(groups.end(), {row.group, Json::array()});
        const Json version = {{"groupVersion", row.api_version()}, {"version", row.version}};
        if (std::ranges::find(found->second, version) == found->second.end()) found->second.push_back(version);
    }
    std::vector<Json> list;
    for (const auto& [name, versions] : groups) list.push_back(group_of(name, versions));
    return list;
}

std::optional<Response> resources(const Kinds& kinds, const std::string& group, const std::string& version) {
    Json list = Json::array();
    for (const auto& item : captured::surface().at(group.empty() ? "core" : "groups").at("items")) {
        if (item.at("metadata").value("name", std::string()) != group) continue;
        for (const auto& of : item.at("versions")) {
            if (of.at("version") != version) continue;
            for (const auto& resource : of.at("resources")) {
                const bool namespaced = resource.at("scope") == "Namespaced";
                Json entry = {{"name", resource.at("resource")},
                              {"singularName", resource.at("singularResource")},
                              {"namespaced", namespaced},
                              {"kind", resource.at("responseKind").at("kind")},
                              {"verbs", resource.at("verbs")}};
                for (const char* key : {"shortNames", "categories"}) {
                    if (resource.contains(key)) entry[key] = resource[key];
                }
                list.push_back(std::move(entry));
                for (const auto& sub : resource.value("subresources", Json::array())) {
                    list.push_back({{"name", fmt::format("{}/{}", resource.at("resource").get<std::string>(),
                                                         sub.at("subresource").get<std::string>())},
                                    {"singularName", ""},
                                    {"namespaced", namespaced},
                                    {"kind", sub.at("responseKind").at("kind")},
                                    {"verbs", sub.at("verbs")}});
                }
            }
        }
    }
    if (list.empty()) return std::nullopt;
    const auto api_version = group.empty() ? version : group + "/" + version;
    const bool known =
        std::ranges::any_of(kinds.rows(), [&](const KindRow& row) { return row.api_version() == api_version; });
    if (!known) return std::nullopt;
    return json(
        {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", api_version}, {"resources", list}});
}

std::optional<Response> api(const Kinds& kinds, const Request& request, const std::vector<std::string>& segments) {
    if (segments[0] == "api") {
        if (segments.size() == 2) return resources(kinds, "", segments[1]);
        if (segments.size() > 2) return std::nullopt;
        if (wants_aggregated(request.accept)) return aggregated("core");
        return json({{"kind", "APIVersions"}, {"versions", {"v1"}}, {"serverAddressByClientCIDRs", Json::array()}});
    }
    if (segments.size() == 3) return resources(kinds, segments[1], segments[2]);
    if (segments.size() > 3) return std::nullopt;
    if (segments.size() == 1) {
        if (wants_aggregated(request.accept)) return aggregated("groups");
        return json({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups(kinds)}});
    }
    for (auto& group : groups(kinds)) {
        if (group.at("name") != segments[1]) continue;
        group["kind"] = "APIGroup";
        group["apiVersion"] = "v1";
        return json(group);
    }
    return std::nullopt;
}

/// OpenAPI v2 without a single path, in protobuf. kubectl asks it about kinds that no OpenAPI v3 document has, and
/// then says of such a kind that there is none.
Response empty_openapi_v2() {
    const auto field = [](char number, const std::string& bytes) {
        return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
    };
    const auto version = captured::surface().at("version").at("gitVersion").get<std::string>();
    Response response;
    response.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    response.body = field(1, "2.0") + field(2, field(1, "Kubernetes") + field(2, version)) + field(8, "");
    return response;
}

std::optional<Response> openapi(const Request& request, const std::vector<std::string>& segments) {
    if (segments.size() == 2 && segments[1] == "v2") return empty_openapi_v2();
    if (segments.size() < 2 || segments[1] != "v3") return std::nullopt;
    const auto& hashes = captured::surface().at("openapi");
    if (segments.size() == 2) {
        Json paths = Json::object();
        for (const auto& [path, hash] : hashes.items()) {
            paths[path]["serverRelativeURL"] = fmt::format("/openapi/v3/{}?hash={}", path, hash.get<std::string>());
        }
        return json({{"paths", paths}});
    }
    std::string path = segments[2];
    for (std::size_t i = 3; i < segments.size(); ++i) path += "/" + segments[i];
    if (!hashes.contains(path)) return std::nullopt;
    Response response;
    response.etag = fmt::format("\"{}\"", hashes.at(path).get<std::string>());
    if (request.if_none_match == response.etag) {
        response.status = 304;
        return response;
    }
    response.body = captured::openapi_text(path);
    return response;
}

}  // namespace

std::optional<Response> describe_server(const Kinds& kinds, const Request& request,
                                        const std::vector<std::string>& segments, const Query& query) {
    if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
    if (segments.empty()) {
        return json(
            {{"paths", {"/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"}}});
    }
    const auto& first = segments[0];
    if (first == "api" || first == "apis") return api(kinds, request, segments);
    if (first == "openapi") return openapi(request, segments);
    if (segments.size() > 1) return std::nullopt;
    if (first == "version") return json(captured::surface().at("version"));
    if (first == "healthz" || first == "livez" || first == "readyz") {
        return text(200, query.find("verbose") ? fmt::format("[+]ping ok\n{} check passed\n", first) : "ok");
    }
    return std::nullopt;
}

}  // namespace moontide::sandbox
