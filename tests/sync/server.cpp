#include "server.hpp"

#include "real_server.hpp"
#include "sandbox_server.hpp"

#include <cstdlib>

namespace moontide::test {

Server& Server::under_test() {
    static const std::unique_ptr<Server> server = []() -> std::unique_ptr<Server> {
        const char* kubeconfig = std::getenv("MOONTIDE_TEST_KUBECONFIG");
        if (kubeconfig != nullptr && *kubeconfig != '\0') return std::make_unique<RealServer>(kubeconfig);
        return std::make_unique<SandboxServer>();
    }();
    return *server;
}

void Server::connect(const kube::Access& access) {
    api_ = std::make_unique<Api>(access);
    mirror_ = std::make_unique<Mirror>(access);
}

void Server::disconnect() {
    mirror_.reset();
    api_.reset();
}

}  // namespace moontide::test
