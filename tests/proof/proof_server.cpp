#include "proof_server.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

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

ProofCluster::ProofCluster(const std::string& kubeconfig_file) : RealServer(kubeconfig_file) {
    auto proxy = RecordingProxy::start(RealServer::access());
    if (!proxy) throw std::runtime_error("the recording proxy does not start: " + proxy.error().message);
    proxy_ = std::move(*proxy);
    auto access = kube::parse_kubeconfig(proxy_->kubeconfig(), "the proxy's kubeconfig", "/");
    if (!access) throw std::runtime_error(access.error().message);
    access_ = std::move(*access);
    kubeconfig_file_ = test::written_to_a_file(proxy_->kubeconfig());
}

ProofCluster::~ProofCluster() {
    std::error_code ignored;
    std::filesystem::remove(kubeconfig_file_, ignored);
}

std::shared_ptr<sandbox::History> ProofCluster::begin_history() {
    auto history = std::make_shared<sandbox::History>();
    proxy_->record(history);
    return history;
}

void ProofCluster::inject(FaultPlan plan, std::function<void(const Fired&)> told) {
    proxy_->inject(std::move(plan), std::move(told));
}

void ProofCluster::follow(const kube::Resource& resource) {
    proxy_->follow(resource);
    await_recorded(resource.plural, 1);
}

void ProofCluster::await_recorded(const std::string& resource, std::uint64_t version) {
    if (!proxy_->await_recorded(resource, version, Milliseconds(10'000))) {
        throw std::runtime_error("the recording proxy does not see " + resource);
    }
}

}  // namespace moontide::proof
