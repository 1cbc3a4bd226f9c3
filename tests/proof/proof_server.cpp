#include "proof_server.hpp"

#include <utility>

namespace moontide::test {

std::unique_ptr<Server> make_server() {
    return std::make_unique<proof::ProofSandbox>();
}

}  // namespace moontide::test

namespace moontide::proof {

ProofServer& ProofServer::under_test() {
    return dynamic_cast<ProofServer&>(test::Server::under_test());
}

std::shared_ptr<sandbox::History> ProofSandbox::begin_history() {
    auto history = std::make_shared<sandbox::History>();
    sandbox().record(history);
    return history;
}

void ProofSandbox::inject(FaultPlan plan, std::function<void(const Fired&)> told) {
    sandbox().inject(std::move(plan), std::move(told));
}

void ProofSandbox::forget(const std::vector<std::string>& namespaces) {
    for (const auto& name : namespaces) api().remove_if_there(test::namespace_ref(name));
}

}  // namespace moontide::proof
