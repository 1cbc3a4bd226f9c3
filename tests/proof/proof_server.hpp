// A server under test with a fault port in front of it that records what passes.
#pragma once

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
    virtual void end_watches() = 0;
};

class ProofSandbox final : public test::SandboxServer, public ProofServer {
public:
    ~ProofSandbox() override { sandbox().heal(); }
    std::shared_ptr<sandbox::History> begin_history() override;
    void inject(FaultPlan plan, std::function<void(const Fired&)> told) override;
    void heal() override { sandbox().heal(); }
    void release() override { sandbox().release(); }
    void end_watches() override { sandbox().end_watches(); }
    /// Hundreds of stories would leave their namespaces to each other's lists.
    void forget(const std::vector<std::string>& namespaces) override;
};

}  // namespace moontide::proof
