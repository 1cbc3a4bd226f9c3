// A server under test with a fault port in front of it that records what passes.
#pragma once

#include "real_server.hpp"
#include "recording_proxy.hpp"
#include "sandbox/fault_port.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/history.hpp"
#include "sandbox_server.hpp"
#include "server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace moontide::proof {

using sandbox::FaultPlan;
using sandbox::FaultRule;
using sandbox::Fired;

/// The sandbox, or a proxy in front of the server that MOONTIDE_TEST_KUBECONFIG names. Any thread.
class ProofServer {
public:
    static ProofServer& under_test();

    virtual ~ProofServer() = default;
    /// A new one, which begins with what is there; what was recorded before stays as it is.
    virtual std::shared_ptr<sandbox::History> begin_history() = 0;
    virtual void inject(FaultPlan plan, std::function<void(const Fired&)> told = {}) = 0;
    virtual void heal() = 0;
    virtual void release() = 0;
    /// How late the history may tell of a change.
    virtual Milliseconds lag() const = 0;
    /// Histories tell of that resource too from now on.
    virtual void follow(const kube::Resource& resource) = 0;
    /// Waits until what the history tells of that resource has come to that version.
    virtual void await_recorded(const std::string& resource, std::uint64_t version) = 0;
    /// Where the server is ours alone: forgets all events, so that a long run stays small.
    virtual void compact() {}
};

class ProofSandbox final : public test::SandboxServer, public ProofServer {
public:
    ~ProofSandbox() override { sandbox().heal(); }
    std::shared_ptr<sandbox::History> begin_history() override;
    void inject(FaultPlan plan, std::function<void(const Fired&)> told) override;
    void heal() override { sandbox().heal(); }
    void release() override { sandbox().release(); }
    Milliseconds lag() const override { return Milliseconds(0); }
    /// All are.
    void follow(const kube::Resource&) override {}
    /// Recorded as it is done.
    void await_recorded(const std::string&, std::uint64_t) override {}
    void compact() override { sandbox().compact(); }
    /// Hundreds of stories would leave their namespaces to each other's lists.
    void forget(const std::vector<std::string>& namespaces) override;
};

/// The engine comes through the proxy, the test goes around it.
class ProofCluster final : public test::RealServer, public ProofServer {
public:
    explicit ProofCluster(const std::string& kubeconfig_file);
    ~ProofCluster() override;
    ProofCluster(const ProofCluster&) = delete;
    ProofCluster& operator=(const ProofCluster&) = delete;

    const kube::Access& access() const override { return access_; }
    const std::string& kubeconfig_file() const override { return kubeconfig_file_; }
    std::shared_ptr<sandbox::History> begin_history() override;
    void inject(FaultPlan plan, std::function<void(const Fired&)> told) override;
    void heal() override { proxy_->heal(); }
    void release() override { proxy_->release(); }
    Milliseconds lag() const override { return Milliseconds(1'000); }
    void follow(const kube::Resource& resource) override;
    void await_recorded(const std::string& resource, std::uint64_t version) override;

private:
    std::unique_ptr<RecordingProxy> proxy_;
    kube::Access access_;
    std::string kubeconfig_file_;
};

}  // namespace moontide::proof
