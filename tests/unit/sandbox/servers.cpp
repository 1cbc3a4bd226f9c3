#include "case_runner.hpp"
#include "kube/blocking.hpp"
#include "sandbox/api.hpp"

#include <cstdlib>
#include <memory>

#include <catch2/catch.hpp>

namespace moontide::sandbox::tests {

Server sandbox_server() {
    auto api = std::make_shared<Api>(ApiOptions{});
    return [api](const Ask& ask) {
        Request request;
        request.method = ask.method;
        request.path = ask.path;
        request.content_type = ask.content_type;
        request.accept = ask.accept;
        request.body = ask.body;
        const auto response = api->handle(request);
        api->settle();
        return Got{response.status, Json::parse(response.body, nullptr, false), response.warnings};
    };
}

Server cluster_server() {
    const char* kubeconfig = std::getenv("MOONTIDE_TEST_KUBECONFIG");
    REQUIRE(kubeconfig);
    auto access = kube::find_access({kubeconfig, ""});
    REQUIRE(access);
    auto connected = kube::Blocking::connect(*access);
    REQUIRE(connected);
    const std::shared_ptr<kube::Blocking> client = std::move(*connected);
    return [client](const Ask& ask) {
        kube::Call call;
        call.method = ask.method;
        call.path = ask.path;
        call.content_type = ask.content_type;
        call.accept = ask.accept;
        call.body = ask.body;
        const auto answer = client->call(std::move(call));
        REQUIRE(answer);
        Got got{answer->status, Json::parse(answer->body, nullptr, false), {}};
        for (const auto& [name, value] : answer->headers) {
            if (name != "warning") continue;
            auto text = value.substr(7, value.size() - 8);
            for (auto at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 1)) text.erase(at, 1);
            got.warnings.push_back(text);
        }
        return got;
    };
}

}  // namespace moontide::sandbox::tests
