// The embedded API server, in this process.
#pragma once

#include "sandbox/sandbox.hpp"
#include "server.hpp"

#include <memory>
#include <string>

namespace moontide::test {

/// A new one for this user's eyes only: kubeconfigs hold a key.
std::string written_to_a_file(const std::string& text);

class SandboxServer : public Server {
public:
    SandboxServer();
    ~SandboxServer() override;
    SandboxServer(const SandboxServer&) = delete;
    SandboxServer& operator=(const SandboxServer&) = delete;

    bool is_real() const override { return false; }
    const kube::Access& access() const override { return access_; }
    const std::string& kubeconfig_file() const override { return kubeconfig_file_; }
    std::uint64_t writes() override;

protected:
    sandbox::Sandbox& sandbox() { return *sandbox_; }

private:
    std::unique_ptr<sandbox::Sandbox> sandbox_;
    kube::Access access_;
    std::string kubeconfig_file_;
};

}  // namespace moontide::test
