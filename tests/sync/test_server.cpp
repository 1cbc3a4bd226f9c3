// What this suite runs against.
#include "real_server.hpp"
#include "sandbox_server.hpp"

#include <cstdlib>

namespace moontide::test {

std::unique_ptr<Server> make_server() {
    const char* kubeconfig = std::getenv("MOONTIDE_TEST_KUBECONFIG");
    if (kubeconfig != nullptr && *kubeconfig != '\0') return std::make_unique<RealServer>(kubeconfig);
    return std::make_unique<SandboxServer>();
}

}  // namespace moontide::test
