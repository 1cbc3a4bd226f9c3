// Requests to the sandbox's request path, in few words.
#pragma once

#include "sandbox/api.hpp"
#include "sandbox/watch.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace moontide::sandbox::tests {

struct Served {
    explicit Served(ApiOptions options = {}) : api(std::move(options)) {}

    Response ask(const std::string& method, const std::string& path, const Json& body = {},
                 const std::string& content_type = "application/json", const std::string& accept = "application/json") {
        Request request;
        request.method = method;
        request.path = path;
        request.content_type = content_type;
        request.accept = accept;
        if (!body.is_null()) request.body = body.dump();
        auto response = api.handle(request);
        api.settle();
        return response;
    }

    Json ok(const std::string& method, const std::string& path, const Json& body = {},
            const std::string& content_type = "application/json") {
        const auto response = ask(method, path, body, content_type);
        INFO(response.body);
        REQUIRE(response.status / 100 == 2);
        return Json::parse(response.body);
    }

    Json create(const std::string& path, const Json& metadata, const Json& more = Json::object()) {
        Json object = more;
        object["metadata"] = metadata;
        return ok("POST", path, object);
    }

    Json merge(const std::string& path, const Json& patch) {
        return ok("PATCH", path, patch, "application/merge-patch+json");
    }

    std::shared_ptr<Watch> watch(const std::string& path, const std::string& accept = "application/json") {
        const auto response = ask("GET", path, {}, "", accept);
        INFO(response.body);
        REQUIRE(response.watch);
        return response.watch;
    }

    Api api;
};

/// The events that a watch has to tell now.
inline std::vector<Json> told(Watch& watch, std::size_t most = 1U << 20) {
    std::string text;
    watch.pull(text, most);
    std::vector<Json> events;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin);
        events.push_back(Json::parse(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return events;
}

/// "ADDED x 7, DELETED x 9": type, name and version of each.
inline std::string in_short(const std::vector<Json>& events) {
    std::string text;
    for (const auto& event : events) {
        const auto& metadata = event.at("object").at("metadata");
        if (!text.empty()) text += ", ";
        text += event.at("type").get<std::string>();
        if (metadata.contains("name")) text += " " + metadata.at("name").get<std::string>();
        if (metadata.contains("resourceVersion")) text += " " + metadata.at("resourceVersion").get<std::string>();
    }
    return text;
}

}  // namespace moontide::sandbox::tests
