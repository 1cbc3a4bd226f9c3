// The TLS socket pump under HTTP/2: non-blocking, one output buffer, for both sides of a connection.
#pragma once

#include "base/loop.hpp"
#include "kube/byte_stream.hpp"
#include "kube/tls_openssl.hpp"
#include "kube/tls_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace moontide::kube::tls {

/// What is spoken over a Socket. Called on the loop's thread; it may close the socket from within any of these.
class Protocol {
public:
    virtual ~Protocol() = default;
    /// The handshake is done and ALPN chose h2.
    virtual void on_open() = 0;
    virtual void on_bytes(const std::uint8_t* bytes, std::size_t size) = 0;
    /// Appends what is to be sent next, about 64 KiB at most; nothing where there is nothing.
    virtual void collect(std::string& out) = 0;
    /// The connection is of no more use; called at most once, and not after close().
    virtual void on_failure(std::string what) = 0;
};

/// TLS over `under`. Belongs to its Protocol and lives as long as that; all calls on the loop's thread.
class Socket {
public:
    Socket(Loop& loop, std::unique_ptr<ByteStream> under, SslPtr ssl, std::weak_ptr<Protocol> protocol);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    /// Begins the handshake: the side is what SSL_set_connect_state or SSL_set_accept_state said.
    void start();
    /// Sends what the protocol has, as far as the peer takes it now; the rest follows by itself.
    void flush();
    void close();
    bool is_open() const { return state_ == State::open; }
    /// Until it is closed.
    SSL* ssl() const { return stream_->ssl(); }

private:
    enum class State { handshake, open, closed };

    void ready();
    void handshake();
    void read();
    void send();
    void goes_on(Flow flow);
    void end_turn();
    void let_go();
    void fail(std::string what);
    void update_interest();

    Loop& loop_;
    std::unique_ptr<TlsStream> stream_;  // null once closed
    std::weak_ptr<Protocol> protocol_;
    State state_ = State::handshake;
    bool waits_to_write_ = false;
    std::uint32_t interest_ = 0;
    std::string out_;
    std::size_t sent_ = 0;
};

}  // namespace moontide::kube::tls
