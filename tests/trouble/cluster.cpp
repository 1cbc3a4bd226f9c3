#include "cluster.hpp"

#include "shell.hpp"
#include "source_directory.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moontide::test {

std::unique_ptr<Server> make_server() {
    const char* directory = std::getenv("MOONTIDE_TEST_CLUSTER_DIR");
    if (directory == nullptr || *directory == '\0') {
        throw std::runtime_error("these tests break their cluster: run them under tests/cluster/with-cluster");
    }
    return std::make_unique<trouble::Cluster>(directory);
}

}  // namespace moontide::test

namespace moontide::trouble {

namespace {

/// Of what is written each object as it became, of what is read who asked.
constexpr const char* AUDIT_POLICY = R"(apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
  verbs: [get, list]
  omitStages: [RequestReceived, ResponseStarted]
- level: RequestResponse
  resources: [{group: "", resources: [configmaps, secrets, namespaces]}]
- level: Request
  resources: [{group: "", resources: [events]}]
- level: Metadata
)";

/// with-cluster's kubeconfig with its authority in a file that grows.
std::string trusting_kubeconfig(const std::filesystem::path& directory) {
    write_file(directory / "trusted.crt", read_file(directory / "ca.crt"));
    auto text = read_file(directory / "kubeconfig");
    const std::string inline_key = "certificate-authority-data: ";
    const auto at = text.find(inline_key);
    if (at == std::string::npos) throw std::runtime_error("with-cluster's kubeconfig has no authority");
    text.replace(at, text.find('\n', at) - at, "certificate-authority: " + (directory / "trusted.crt").string());
    const auto file = directory / "kubeconfig-of-the-tests";
    write_file(file, text);
    return file.string();
}

}  // namespace

void write_file(const std::filesystem::path& file, const std::string& text) {
    // Moved into its place whole, as a kubelet does it.
    const auto fresh = file.string() + ".new";
    {
        std::ofstream out(fresh, std::ios::binary);
        out << text;
        out.close();
        if (!out) throw std::runtime_error("cannot write " + fresh);
    }
    std::filesystem::permissions(fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::rename(fresh, file);
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Cluster& Cluster::under_test() {
    return dynamic_cast<Cluster&>(test::Server::under_test());
}

Cluster::Cluster(std::filesystem::path directory)
    : RealServer(trusting_kubeconfig(directory)), directory_(std::move(directory)) {
    write_file(directory_ / "audit-policy.yaml", AUDIT_POLICY);
    restart_apiserver();
}

std::string Cluster::control(const std::vector<std::string>& words) {
    const auto outcome =
        test::run(*this, fmt::format("{}/tests/cluster/control {}", test::source_directory(), fmt::join(words, " ")));
    INFO("control " << fmt::format("{}", fmt::join(words, " ")) << ": " << outcome.output);
    if (outcome.code != 0) throw std::runtime_error("control: " + outcome.output);
    return outcome.output;
}

void Cluster::start(const std::string& name, std::vector<std::string> flags) {
    std::vector<std::string> words = {"start", name};
    if (name == "kube-apiserver") {
        words.push_back("--audit-policy-file=" + (directory_ / "audit-policy.yaml").string());
        words.push_back("--audit-log-path=" + audit_log().string());
    }
    words.insert(words.end(), flags.begin(), flags.end());
    control(words);
}

void Cluster::restart_apiserver(std::vector<std::string> flags) {
    kill("kube-apiserver");
    start("kube-apiserver", std::move(flags));
}

void Cluster::make_authority(const std::string& name) {
    control({"authority", name});
    write_file(directory_ / "trusted.crt", read_file(directory_ / "trusted.crt") + certificate_of(name));
}

std::string Cluster::certificate_of(const std::string& name) const {
    return read_file(directory_ / (name + ".crt"));
}

std::string kubeconfig_for(const Cluster& cluster, const User& user) {
    return fmt::format(R"(apiVersion: v1
kind: Config
current-context: engine
clusters:
- name: engine
  cluster:
    server: {}
    certificate-authority: {}
users:
- name: engine
  user:
{}
contexts:
- name: engine
  context: {{cluster: engine, user: engine}}
)",
                       cluster.address(), user.certificate_authority, user.lines);
}

}  // namespace moontide::trouble
