// TLS contexts for HTTP/2: what is trusted, and which certificate is shown.
#pragma once

#include "base/result.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/tls_openssl.hpp"

#include <memory>
#include <string>

namespace moontide::kube::tls {

using Context = std::shared_ptr<SSL_CTX>;

/// TLS 1.2 or later, ALPN h2. Reads the files that `access` names, now: its certificate authority (the system's roots
/// without one) and client certificate. Errors name the file. Any thread.
Result<Context> client_context(const Access& access);

/// For the TLS to a proxy: TLS 1.2 or later, ALPN http/1.1. The system's roots are trusted, and beside them
/// `authorities`: client-go verifies a proxy by the cluster's certificate authority. Reads the file, now. Any thread.
Result<Context> proxy_context(const Material& authorities);

/// A client's side of one handshake: the certificate must be for `name`, a DNS name or an address, unless `verify` is
/// false.
SslPtr client_ssl(const Context& context, const std::string& name, bool verify);

struct ServerIdentity {
    std::string certificate_pem;  ///< the leaf, then the chain
    std::string key_pem;
    std::string client_ca_pem;  ///< where set, clients may show a certificate, which must then be of this authority
};

/// TLS 1.2 or later; a handshake with a client that offers ALPN without h2 fails. Any thread.
Result<Context> server_context(const ServerIdentity& identity);

}  // namespace moontide::kube::tls
