// The API server that MOONTIDE_TEST_KUBECONFIG names.
#pragma once

#include "server.hpp"

#include <string>

namespace moontide::test {

class RealServer : public Server {
public:
    explicit RealServer(std::string kubeconfig_file);
    ~RealServer() override;
    RealServer(const RealServer&) = delete;
    RealServer& operator=(const RealServer&) = delete;

    bool is_real() const override { return true; }
    const kube::Access& access() const override { return access_; }
    const std::string& kubeconfig_file() const override { return kubeconfig_file_; }
    /// From the server's own metrics.
    std::uint64_t writes() override;

private:
    std::string kubeconfig_file_;
    kube::Access access_;
};

}  // namespace moontide::test
