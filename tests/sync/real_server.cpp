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

bool counts(std::string_view labels) {
    const auto has = [&](std::string_view label) { return labels.find(label) != std::string_view::npos; };
    static constexpr std::array verbs = {R"(verb="POST")", R"(verb="PUT")", R"(verb="PATCH")", R"(verb="APPLY")",
                                         R"(verb="DELETE")"};
    if (!has(R"(resource="configmaps")") && !has(R"(resource="secrets")")) return false;
    return std::any_of(verbs.begin(), verbs.end(), has);
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
    // A request is counted shortly after its answer has gone out, later where the machine is busy.
    constexpr int quiet_reads = 4;
    auto last = read_writes();
    for (int equal = 0; equal < quiet_reads;) {
        const auto now = read_writes();
        equal = now == last ? equal + 1 : 0;
        last = now;
    }
    return last;
}

std::uint64_t RealServer::read_writes() {
    static constexpr std::string_view name = "apiserver_request_total{";
    const auto page = api().page("/metrics");
    double sum = 0;
    for (auto at = page.find(name); at != std::string::npos; at = page.find(name, at + 1)) {
        const auto line = std::string_view(page).substr(at, page.find('\n', at) - at);
        const auto end = line.rfind('}');
        if (counts(line.substr(0, end))) sum += std::stod(std::string(line.substr(end + 1)));
    }
    return static_cast<std::uint64_t>(sum);
}

}  // namespace moontide::test
