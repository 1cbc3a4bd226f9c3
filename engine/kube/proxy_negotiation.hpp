// What is said to a proxy until the stream through it is the server's: texts in and out, no I/O.
#pragma once

#include "base/result.hpp"
#include "kube/proxy.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace moontide::kube {

/// One exchange with one proxy; a state machine that whoever owns it feeds. Its errors say what the proxy did and what
/// to do about it, not which proxy it was.
class Negotiation {
public:
    /// `send` all of it, then read at most `read` bytes and hand over what came. Where there is nothing to read, the
    /// stream is the server's.
    struct Turn {
        std::string send;
        std::size_t read = 0;
    };

    Negotiation() = default;
    virtual ~Negotiation() = default;
    Negotiation(const Negotiation&) = delete;
    Negotiation& operator=(const Negotiation&) = delete;

    virtual Result<Turn> begin() = 0;
    /// At least one byte, and not more than the last turn asked for.
    virtual Result<Turn> received(std::string_view bytes) = 0;
    /// What is awaited: "the answer to CONNECT".
    virtual std::string awaited() const = 0;
};

/// HTTP/1.1 CONNECT (RFC 9110, 9.3.6) to `host`, a name or an address; with Basic credentials where the proxy has a
/// user.
std::unique_ptr<Negotiation> connect_negotiation(const Proxy& proxy, const std::string& host, std::uint16_t port);

/// The same with SOCKS5 (RFC 1928) and its user and password (RFC 1929).
std::unique_ptr<Negotiation> socks5_negotiation(const Proxy& proxy, const std::string& host, std::uint16_t port);

}  // namespace moontide::kube
