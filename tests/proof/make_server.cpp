// The API server of suites that bring none of their own.
#include "proof_server.hpp"

#include <cstdlib>

namespace moontide::test {

std::unique_ptr<Server> make_server() {
    const char* kubeconfig = std::getenv("MOONTIDE_TEST_KUBECONFIG");
    if (kubeconfig != nullptr && *kubeconfig != '\0') return std::make_unique<proof::ProofCluster>(kubeconfig);
    return std::make_unique<proof::ProofSandbox>();
}

}  // namespace moontide::test
