#include "sandbox_server.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <stdlib.h>
#include <unistd.h>

namespace moontide::test {
namespace {

std::unique_ptr<sandbox::Sandbox> start() {
    auto sandbox = sandbox::Sandbox::start({});
    if (!sandbox) throw std::runtime_error("the sandbox does not start: " + sandbox.error().message);
    return std::move(*sandbox);
}

kube::Access access_of(const sandbox::Sandbox& sandbox) {
    auto access = kube::parse_kubeconfig(sandbox.kubeconfig(), "the sandbox's kubeconfig", "/");
    if (!access) throw std::runtime_error(access.error().message);
    return std::move(*access);
}

}  // namespace

std::string written_to_a_file(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "moontide-test-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) throw std::runtime_error("cannot make " + name);
    ::close(descriptor);
    std::ofstream(name) << text;
    return name;
}

SandboxServer::SandboxServer()
    : sandbox_(start()), access_(access_of(*sandbox_)), kubeconfig_file_(written_to_a_file(sandbox_->kubeconfig())) {
    connect(access_);
}

SandboxServer::~SandboxServer() {
    disconnect();
    std::error_code ignored;
    std::filesystem::remove(kubeconfig_file_, ignored);
}

std::uint64_t SandboxServer::writes() {
    std::uint64_t sum = 0;
    const auto counts = sandbox_->counts();
    for (const char* resource : {"configmaps", "secrets"}) {
        for (const char* verb : {"create", "update", "patch", "delete"}) {
            const auto found = counts.find(std::string(verb) + " " + resource);
            if (found != counts.end()) sum += found->second;
        }
    }
    return sum;
}

}  // namespace moontide::test
