// Proxies on loopback that work: HTTP and SOCKS5, with TLS before either, with a log-in, or with a no.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace moontide::kube {

struct Certificate;

struct ProxyRules {
    enum class Speaks { http, socks5 };
    Speaks speaks = Speaks::http;
    const Certificate* certificate = nullptr;  ///< TLS where it is set
    std::string user;                          ///< whom it takes; everybody where empty
    std::string password;
    std::string status = "200 Connection established";  ///< of CONNECT
    unsigned char reply = 0;                            ///< of SOCKS5
    std::string before;                                 ///< sent before anything else
};

/// Each connection is a thread of its own; every name is this machine to it. What it did is to be asked for once it has
/// been closed.
class ProxyServer {
public:
    explicit ProxyServer(ProxyRules rules);
    ~ProxyServer();
    ProxyServer(const ProxyServer&) = delete;
    ProxyServer& operator=(const ProxyServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Ends all connections and takes none any more.
    void close();
    /// "host:port" of each CONNECT.
    std::vector<std::string> targets() const;
    /// The head of the last CONNECT of HTTP.
    std::string head() const;

private:
    class Wire;
    void listen();
    void serve(int descriptor);
    std::string http_target(Wire& wire);
    std::string socks5_target(Wire& wire);
    void carry(Wire& client, int server);

    ProxyRules rules_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int end_ = -1;  // readable once it closes
    mutable std::mutex mutex_;
    std::vector<std::string> targets_;       // guarded by mutex_
    std::string head_;                       // guarded by mutex_
    std::vector<std::jthread> connections_;  // the accepting thread's
    std::jthread thread_;
};

/// For each connection: takes what comes first, says the next of `answers`, and so on; then it closes or says nothing
/// any more.
class ScriptedProxy {
public:
    enum class Then { close, wait };
    ScriptedProxy(std::vector<std::string> answers, Then then);
    ~ScriptedProxy();
    ScriptedProxy(const ScriptedProxy&) = delete;
    ScriptedProxy& operator=(const ScriptedProxy&) = delete;

    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int end_ = -1;
    std::jthread thread_;
};

}  // namespace moontide::kube
