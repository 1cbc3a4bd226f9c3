// HTTP proxies between us and an API server: which one, and the CONNECT through it.
#pragma once

#include "base/loop.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::kube {

struct Proxy {
    std::string host;
    std::uint16_t port = 0;
    std::string authorization;  ///< "Basic ..." where the URL has a user
};

/// The environment's say, in the names that curl and Go read.
struct ProxyEnvironment {
    std::string https_proxy;
    std::string no_proxy;
    static ProxyEnvironment read();
};

/// `configured` is a kubeconfig's proxy-url and wins; else HTTPS_PROXY, unless NO_PROXY names the host (a name, its
/// subdomains, an address, a CIDR, "*") or it is this machine. Only http:// proxies: they see no more than host and
/// port, since TLS goes through them.
Result<std::optional<Proxy>> proxy_for(const std::string& configured, const ProxyEnvironment& environment,
                                       std::string_view host);

/// Sends CONNECT over a connected socket and reads the answer's head, and not a byte more. All calls on the loop's
/// thread; `done` is called once, never from within the constructor, and not after the Tunnel is gone. The socket
/// stays the caller's.
class Tunnel {
public:
    Tunnel(Loop& loop, int descriptor, const Proxy& proxy, const std::string& host, std::uint16_t port,
           std::function<void(Result<void>)> done);
    ~Tunnel();
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

private:
    void ready();
    void send();
    void receive();
    void finish(Result<void> result);

    Loop& loop_;
    int descriptor_;
    std::string place_;
    std::string request_;
    std::size_t sent_ = 0;
    std::string response_;
    std::function<void(Result<void>)> done_;
};

}  // namespace moontide::kube
