// A proxy in front of a real API server: carries the sandbox's plans of faults and records the same history.
#pragma once

#include "base/result.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/resource.hpp"
#include "sandbox/fault_port.hpp"
#include "sandbox/history.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace moontide::proof {

/// TLS on both sides; whoever comes in with a certificate of the proxy's own authority is the given user upstream. What
/// changed comes from watches of ConfigMaps, Secrets, Namespaces and what else is followed, and by whom from the
/// answers. Runs on a thread of its own until it is destroyed; all members may be called by any thread.
class RecordingProxy {
public:
    static Result<std::unique_ptr<RecordingProxy>> start(kube::Access upstream);
    ~RecordingProxy();
    RecordingProxy(const RecordingProxy&) = delete;
    RecordingProxy& operator=(const RecordingProxy&) = delete;

    /// Of the user upstream, through the proxy.
    const std::string& kubeconfig() const;

    void record(std::shared_ptr<sandbox::History> history);
    void inject(sandbox::FaultPlan plan, std::function<void(const sandbox::Fired&)> told = {});
    void heal();
    void release();
    /// Tells of that resource too.
    void follow(const kube::Resource& resource);
    /// False where the change of that resource to that version has not been recorded in time.
    bool await_recorded(const std::string& resource, std::uint64_t version, Milliseconds deadline);

private:
    struct Implementation;
    explicit RecordingProxy(std::unique_ptr<Implementation> self);
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::proof
