// A certificate authority of our own, for the sandbox and for tests. ECDSA P-256, SHA-256.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace moontide::kube {

/// A certificate and its private key, both PEM.
struct Certificate {
    std::string certificate_pem;
    std::string key_pem;
};

/// Any one thread at a time. Its key lives in memory only.
class CertificateAuthority {
public:
    static Result<CertificateAuthority> make(const std::string& common_name);
    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
    ~CertificateAuthority();

    const std::string& certificate_pem() const;

    /// For a server reached under `names`: DNS names, IPv4 and IPv6 addresses. A `lifetime` below zero gives one that
    /// has expired.
    Result<Certificate> issue_server(const std::vector<std::string>& names,
                                     std::chrono::seconds lifetime = std::chrono::days(365)) const;
    /// Kubernetes reads the common name as the user and the organisations as its groups.
    Result<Certificate> issue_client(const std::string& common_name, const std::vector<std::string>& organisations = {},
                                     std::chrono::seconds lifetime = std::chrono::days(365)) const;

private:
    struct Implementation;
    explicit CertificateAuthority(std::unique_ptr<Implementation> self);
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::kube
