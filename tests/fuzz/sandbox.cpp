// What clients send to the sandbox.
#include "fuzz/fuzzer.hpp"
#include "sandbox/api.hpp"
#include "sandbox/protobuf.hpp"

#include <array>
#include <optional>
#include <string>

namespace moontide::fuzz {

namespace {

using sandbox::Api;
using sandbox::Request;
using sandbox::Response;

/// A server that is made anew before its store could differ much from an empty one.
Api& server() {
    static std::optional<Api> api;
    static int used = 0;
    if (!api || ++used > 500) {
        api.emplace(sandbox::ApiOptions{});
        used = 0;
        Request request;
        request.method = "POST";
        request.path = "/api/v1/namespaces";
        request.content_type = "application/json";
        request.body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"fuzz"}})";
        require(api->handle(request).status == 201, "a namespace can be made");
    }
    return *api;
}

/// Takes the text up to the next line end off `input`.
std::string line_of(std::string_view& input) {
    const auto end = input.find('\n');
    const auto line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return std::string(line);
}

Response ask(std::string method, std::string path, std::string content_type, std::string body) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.content_type = std::move(content_type);
    request.body = std::move(body);
    auto response = server().handle(request);
    server().settle();
    // What a real server calls an internal error, in the same words: a merge key that is missing.
    const bool is_said = response.body.find(R"("kind":"Status")") != std::string::npos;
    require(response.status < 500 || (response.status == 500 && is_said), "no request makes the server fail");
    return response;
}

constexpr std::array<const char*, 4> patches = {"application/json-patch+json", "application/merge-patch+json",
                                                "application/strategic-merge-patch+json",
                                                "application/apply-patch+yaml"};

}  // namespace

/// A line with method, blank and path; one with the content type; one with what is accepted; the body.
MOONTIDE_FUZZER(sandbox_request) {
    const auto first = line_of(input);
    const auto blank = first.find(' ');
    if (blank == std::string::npos) return;
    Request request;
    request.method = first.substr(0, blank);
    request.path = first.substr(blank + 1);
    request.content_type = line_of(input);
    request.accept = line_of(input);
    request.body = input;
    const auto response = server().handle(request);
    server().settle();
    require(response.status < 600, "an answer has a status");
}

/// The first byte says which patch of a pod the rest is.
MOONTIDE_FUZZER(sandbox_patch) {
    if (input.empty()) return;
    const auto* type = patches[static_cast<unsigned char>(input.front()) % patches.size()];
    const std::string pods = "/api/v1/namespaces/fuzz/pods";
    (void)ask("POST", pods, "application/json",
              R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"app":"web"},"finalizers":["a/b"]},
                  "spec":{"containers":[{"name":"web","image":"web","env":[{"name":"A","value":"1"}],
                  "ports":[{"containerPort":80}]}]}})");
    (void)ask("PATCH", pods + "/web?fieldManager=fuzz", type, std::string(input.substr(1)));
    (void)ask("PATCH", pods + "/web", "application/merge-patch+json", R"({"metadata":{"finalizers":null}})");
    (void)ask("DELETE", pods + "/web", "", "");
}

MOONTIDE_FUZZER(protobuf) {
    (void)sandbox::from_protobuf(input);
}

}  // namespace moontide::fuzz
