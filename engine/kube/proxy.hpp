// Proxies between us and an API server: which one, and as whom we come.
#pragma once

#include "base/result.hpp"
#include "kube/kubeconfig.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::kube {

struct Proxy {
    enum class Kind { http, https, socks5 };

    Kind kind = Kind::http;
    std::string host;
    std::uint16_t port = 0;
    std::string user;  ///< empty where nobody is to log in
    std::string password;
    std::string origin;    ///< the setting that names it
    Material authorities;  ///< trusted for its certificate beside the system's roots

    /// "proxy socks5://host:port (proxy-url)": for messages, so without user and password.
    std::string name() const;
};

/// The environment's say, in the names that curl and Go read.
struct ProxyEnvironment {
    std::string https_proxy;
    std::string no_proxy;
    static ProxyEnvironment read();
};

/// `configured` is a kubeconfig's proxy-url and wins; else HTTPS_PROXY, unless NO_PROXY names the host (a name, its
/// subdomains, an address, a CIDR, "*") or it is this machine. http://, https://, socks5:// and socks5h://; a proxy
/// sees no more than host and port, since TLS goes through it. The host's name is resolved by the proxy. Errors show
/// neither user nor password. Any thread.
Result<std::optional<Proxy>> proxy_for(const std::string& configured, const ProxyEnvironment& environment,
                                       std::string_view host);

}  // namespace moontide::kube
