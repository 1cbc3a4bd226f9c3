#include "sandbox/discovery.hpp"

#include "sandbox/captured.hpp"
#include "sandbox/custom_kind.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace moontide::sandbox {

namespace {

constexpr auto* AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

Response json(const Json& tree) {
    Response response;
    response.body = tree.dump();
    return response;
}

Response plain_text(int status, std::string body) {
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

/// By group, then version, then resource.
std::vector<const KindRow*> custom_rows(const Kinds& kinds) {
    std::vector<const KindRow*> rows;
    for (const auto& row : kinds.rows()) {
        if (row.served && row.custom) rows.push_back(&row);
    }
    std::ranges::sort(rows, [](const KindRow* a, const KindRow* b) {
        return std::tuple(a->group, version_priority(a->version), a->version, a->resource) <
               std::tuple(b->group, version_priority(b->version), b->version, b->resource);
    });
    return rows;
}

/// A custom kind as aggregated discovery tells of it.
Json told(const KindRow& row) {
    Json resource = {{"resource", row.resource},
                     {"responseKind", {{"group", row.group}, {"version", row.version}, {"kind", row.kind}}},
                     {"scope", row.namespaced ? "Namespaced" : "Cluster"},
                     {"singularResource", row.singular},
                     {"verbs", row.verbs}};
    // What is about to go takes nothing new.
    if (row.custom->terminating) resource["verbs"] = {"delete", "deletecollection", "get", "list", "watch"};
    if (!row.short_names.empty()) resource["shortNames"] = row.short_names;
    if (!row.categories.empty()) resource["categories"] = row.categories;
    for (const auto& subresource : row.subresources) {
        resource["subresources"].push_back(
            {{"subresource", subresource.name}, {"responseKind", subresource.response}, {"verbs", subresource.verbs}});
    }
    return resource;
}

Json& version_entry(Json& group, const std::string& version) {
    for (auto& one : group["versions"]) {
        if (one.at("version") == version) return one;
    }
    group["versions"].push_back({{"version", version}, {"resources", Json::array()}, {"freshness", "Current"}});
    return group["versions"].back();
}

/// The captured groups, or the core, and behind them those of CustomResourceDefinitions.
Json surface(const Kinds& kinds, const char* part) {
    auto list = captured::surface().at(part);
    if (std::string_view(part) == "core") return list;
    for (const KindRow* row : custom_rows(kinds)) {
        auto& items = list.at("items");
        auto group = std::ranges::find_if(
            items, [&](const Json& item) { return item.at("metadata").value("name", "") == row->group; });
        if (group == items.end()) {
            items.push_back({{"metadata", {{"name", row->group}}}, {"versions", Json::array()}});
            group = items.end() - 1;
        }
        version_entry(*group, row->version)["resources"].push_back(told(*row));
    }
    return list;
}

Response aggregated(const Kinds& kinds, const char* part) {
    auto response = json(surface(kinds, part));
    response.content_type = AGGREGATED;
    return response;
}

Json group_of(const std::string& name, const Json& versions) {
    return {{"name", name}, {"versions", versions}, {"preferredVersion", versions.front()}};
}

/// Groups in the order of the captured table, each with its versions.
std::vector<Json> groups(const Kinds& kinds) {
    std::vector<Json> list;
    const auto all = surface(kinds, "groups");
    for (const auto& group : all.at("items")) {
        const auto name = group.at("metadata").at("name").get<std::string>();
        Json versions = Json::array();
        for (const auto& version : group.at("versions")) {
            const auto text = version.at("version").get<std::string>();
            versions.push_back({{"groupVersion", name + "/" + text}, {"version", text}});
        }
        list.push_back(group_of(name, versions));
    }
    return list;
}

std::optional<Response> resources(const Kinds& kinds, const std::string& group, const std::string& version) {
    Json list = Json::array();
    const auto all = surface(kinds, group.empty() ? "core" : "groups");
    for (const auto& item : all.at("items")) {
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
                    const auto& response = sub.at("responseKind");
                    Json entry_of_sub = {{"name", fmt::format("{}/{}", resource.at("resource").get<std::string>(),
                                                              sub.at("subresource").get<std::string>())},
                                         {"singularName", ""},
                                         {"namespaced", namespaced},
                                         {"kind", response.at("kind")},
                                         {"verbs", sub.at("verbs")}};
                    if (response.at("group") != resource.at("responseKind").at("group") ||
                        response.at("version") != resource.at("responseKind").at("version")) {
                        entry_of_sub["group"] = response.at("group");
                        entry_of_sub["version"] = response.at("version");
                    }
                    list.push_back(std::move(entry_of_sub));
                }
            }
        }
    }
    if (list.empty()) return std::nullopt;
    const auto api_version = group.empty() ? version : group + "/" + version;
    return json(
        {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", api_version}, {"resources", list}});
}

std::optional<Response> api(const Kinds& kinds, const Request& request, const std::vector<std::string>& segments) {
    if (segments[0] == "api") {
        if (segments.size() == 2) return resources(kinds, "", segments[1]);
        if (segments.size() > 2) return std::nullopt;
        if (wants_aggregated(request.accept)) return aggregated(kinds, "core");
        return json({{"kind", "APIVersions"}, {"versions", {"v1"}}, {"serverAddressByClientCIDRs", Json::array()}});
    }
    if (segments.size() == 3) return resources(kinds, segments[1], segments[2]);
    if (segments.size() > 3) return std::nullopt;
    if (segments.size() == 1) {
        if (wants_aggregated(request.accept)) return aggregated(kinds, "groups");
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

/// Of all custom kinds of a group and version, in one; null where there are none.
Json custom_document(const Kinds& kinds, const std::string& path) {
    Json document;
    for (const KindRow* row : custom_rows(kinds)) {
        if ("apis/" + row->api_version() != path) continue;
        if (document.is_null()) {
            document = row->custom->document;
        } else {
            document["paths"].update(row->custom->document.at("paths"));
            document["components"]["schemas"].update(row->custom->document.at("components").at("schemas"));
        }
    }
    return document;
}

std::string hash_of(const std::string& text) {
    std::array<unsigned char, SHA512_DIGEST_LENGTH> digest{};
    SHA512(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::string hash;
    for (const auto byte : digest) hash += fmt::format("{:02X}", byte);
    return hash;
}

Json openapi_index(const Kinds& kinds) {
    Json paths = Json::object();
    const auto add = [&](const std::string& path, const std::string& hash) {
        paths[path]["serverRelativeURL"] = fmt::format("/openapi/v3/{}?hash={}", path, hash);
    };
    for (const auto& [path, hash] : captured::surface().at("openapi").items()) add(path, hash);
    for (const KindRow* row : custom_rows(kinds)) {
        const auto path = "apis/" + row->api_version();
        if (!paths.contains(path)) add(path, hash_of(custom_document(kinds, path).dump()));
    }
    return {{"paths", paths}};
}

std::optional<Response> openapi(const Kinds& kinds, const Request& request, const std::vector<std::string>& segments) {
    if (segments.size() == 2 && segments[1] == "v2") return empty_openapi_v2();
    if (segments.size() < 2 || segments[1] != "v3") return std::nullopt;
    if (segments.size() == 2) return json(openapi_index(kinds));
    std::string path = segments[2];
    for (std::size_t i = 3; i < segments.size(); ++i) path += "/" + segments[i];
    const auto& hashes = captured::surface().at("openapi");
    const bool captured = hashes.contains(path);
    Response response;
    if (!captured) {
        const auto document = custom_document(kinds, path);
        if (document.is_null()) return std::nullopt;
        response.body = document.dump();
    }
    response.etag = in_quotes(captured ? hashes.at(path).get<std::string>() : hash_of(response.body));
    if (request.if_none_match == response.etag) {
        response.status = 304;
        response.body.clear();
        return response;
    }
    if (captured) response.body = captured::openapi_text(path);
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
    if (first == "openapi") return openapi(kinds, request, segments);
    if (segments.size() > 1) return std::nullopt;
    if (first == "version") return json(captured::surface().at("version"));
    if (first == "healthz" || first == "livez" || first == "readyz") {
        return plain_text(200, query.find("verbose") ? fmt::format("[+]ping ok\n{} check passed\n", first) : "ok");
    }
    return std::nullopt;
}

}  // namespace moontide::sandbox
