#include "real_server.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string_view>

namespace moontide::test {
namespace {

kube::Access read_access(const std::string& file) {
    auto access = kube::find_access({.kubeconfig = file, .context = {}});
    if (!access) throw std::runtime_error("MOONTIDE_TEST_KUBECONFIG: " + access.error().message);
    return std::move(*access);
}

constexpr const char* EXECUTING = "apiserver_flowcontrol_current_executing_requests";

bool is_write(std::string_view labels) {
    const auto has = [&](std::string_view label) { return labels.find(label) != std::string_view::npos; };
    static constexpr std::array verbs = {R"(verb="POST")", R"(verb="PUT")", R"(verb="PATCH")", R"(verb="APPLY")",
                                         R"(verb="DELETE")"};
    if (!has(R"(resource="configmaps")") && !has(R"(resource="secrets")")) return false;
    // The namespace controller deletes all of a namespace at once, again and again while something holds it.
    if (has(R"(verb="DELETE")") && has(R"(scope="namespace")")) return false;
    return std::any_of(verbs.begin(), verbs.end(), has);
}

/// The sum of a metric's values over the labels that count, from a page of the Prometheus text format.
double sum_of(std::string_view page, std::string_view metric, bool (*counts)(std::string_view labels)) {
    const auto begin = std::string(metric) + "{";
    double sum = 0;
    for (auto at = page.find(begin); at != std::string_view::npos; at = page.find(begin, at + 1)) {
        const auto line = page.substr(at, page.find('\n', at) - at);
        const auto end = line.rfind('}');
        if (counts(line.substr(0, end))) sum += std::stod(std::string(line.substr(end + 1)));
    }
    return sum;
}

}  // namespace

RealServer::RealServer(std::string kubeconfig_file)
    : kubeconfig_file_(std::move(kubeconfig_file)), access_(read_access(kubeconfig_file_)) {
    connect(access_);
}

RealServer::~RealServer() {
    // A cluster of ours ends with the tests.
    if (std::getenv("MOONTIDE_TEST_CLUSTER_DIR") != nullptr) return;
    try {
        remove_namespaces();
    } catch (const std::exception& error) {
        std::cerr << "namespaces of the tests are left: " << error.what() << "\n";
    }
}

std::uint64_t RealServer::writes() {
    // A request is counted after its answer has gone out, and executes until then: once nothing does but the question
    // itself, all that was answered before the question has been counted.
    const auto everything = [](std::string_view /*labels*/) { return true; };
    for (int reads = 0; sum_of(api().page("/metrics"), EXECUTING, everything) > 1; ++reads) {
        if (reads == 1000) throw std::runtime_error("the API server is never at rest: its requests cannot be counted");
    }
    return static_cast<std::uint64_t>(sum_of(api().page("/metrics"), "apiserver_request_total", is_write));
}

}  // namespace moontide::test
