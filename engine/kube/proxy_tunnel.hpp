// From a stream to a proxy to a stream through it.
#pragma once

#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/byte_stream.hpp"
#include "kube/proxy.hpp"
#include "kube/proxy_negotiation.hpp"
#include "kube/tls_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace moontide::kube {

/// Does TLS with the proxy where its URL is https://, then negotiates, and takes not a byte more than the proxy's. All
/// calls on the loop's thread; `done` is called once, never from within the constructor, and not after the Tunnel is
/// gone. There is no time limit in here: dropping it ends it.
class Tunnel {
public:
    using Done = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

    Tunnel(Loop& loop, std::unique_ptr<ByteStream> to_proxy, Proxy proxy, const std::string& host, std::uint16_t port,
           Done done);
    ~Tunnel();
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    /// What it waits for, for messages.
    std::string awaited() const;

private:
    enum class Stage { fresh, securing, talking, open };

    void ready();
    Result<Flow> advance();
    Result<Flow> begin();
    Result<Flow> secure();
    Result<Flow> send();
    Result<Flow> receive();
    Result<Flow> went(Flow flow) const;
    void take(Negotiation::Turn turn);
    void finish(Result<void> result);

    Loop& loop_;
    Proxy proxy_;
    std::unique_ptr<ByteStream> stream_;  // null once it was handed on
    tls::TlsStream* tls_ = nullptr;       // stream_, to a proxy that speaks TLS
    std::unique_ptr<Negotiation> negotiation_;
    Negotiation::Turn turn_;
    std::size_t sent_ = 0;  // of the turn's
    Stage stage_ = Stage::fresh;
    Done done_;
};

}  // namespace moontide::kube
