// HTTP/2 over TLS (RFC 9113) on a Loop: the connections of the client and of the sandbox's server are this code.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/proxy.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using SSL_CTX = struct ssl_ctx_st;

namespace moontide::kube::http2 {

/// Names in lower case, pseudo headers left out.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of that name, or null.
const std::string* find(const Headers& headers, std::string_view name);

struct Request {
    std::string method = "GET";
    std::string path;  ///< with the query
    Headers headers;
    std::string body;
};

using StreamId = std::int32_t;

/// What becomes of one request. Called on the loop's thread; after on_end nothing more comes.
struct Handler {
    std::function<void(int status, Headers headers)> on_headers;
    /// Until the bytes are given back with Connection::consumed() they count against the stream's window.
    std::function<void(std::string_view chunk)> on_data;
    /// Nothing where the response ended as it should. A reset, a GOAWAY before the request was processed, a dead
    /// connection or a missed PING are errors with Retry::later.
    std::function<void(std::optional<Error>)> on_end;
};

struct ClientOptions {
    std::string host;  ///< a name or an address, to connect to
    std::uint16_t port = 443;
    std::string server_name;  ///< for SNI and the certificate; `host` where empty
    std::string authority;    ///< the :authority header; host:port where empty
    bool verify = true;
    Milliseconds dial_timeout{10'000};
    Milliseconds ping_every{15'000};
    Milliseconds ping_timeout{10'000};
    std::uint32_t stream_window = 4U << 20;
    std::uint32_t connection_window = (1U << 31) - 1;
    std::optional<Proxy> proxy;
};

/// The client's side of one connection. All calls on the loop's thread.
class Connection {
public:
    /// Dials at once; requests wait for the handshake. `closed` is called once, when the connection can take no more
    /// requests (GOAWAY, error, close()); streams under way may still end after a GOAWAY. Destroyed, it calls nothing
    /// any more.
    Connection(Loop& loop, std::shared_ptr<SSL_CTX> tls, ClientOptions options, std::function<void(Error)> closed);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Always gives an id; where nothing can be sent any more, the handler's on_end says so soon after.
    StreamId send(Request request, Handler handler);
    void consumed(StreamId stream, std::size_t bytes);
    /// RST_STREAM(CANCEL); the handler is not called any more.
    void cancel(StreamId stream);
    std::size_t streams() const;
    /// Takes requests: from the start, until `closed` is called or about to be.
    bool open() const;
    /// GOAWAY, then the end: streams under way end with an error, soon after.
    void close();

private:
    class Implementation;
    std::shared_ptr<Implementation> self_;
};

/// One request at the server, answered at once or later, whole or in pieces. All calls on the loop's thread; calls
/// after the client has gone do nothing.
class Exchange {
public:
    virtual ~Exchange() = default;
    virtual const Request& request() const = 0;
    virtual void respond(int status, Headers headers, std::string body) = 0;
    /// A response whose body comes in pieces until end().
    virtual void begin(int status, Headers headers) = 0;
    virtual void write(std::string_view chunk) = 0;
    virtual void end() = 0;
    /// RST_STREAM, in the middle of a response too.
    virtual void reset() = 0;
    /// The whole connection ends, soon and without a word; what was written and not yet sent is lost.
    virtual void cut() = 0;
    /// The whole connection stays open and says nothing any more, not to PINGs either.
    virtual void mute() = 0;
    /// Connections are numbered in the order that they were accepted in, from 1, over all servers of the process.
    virtual std::uint64_t connection() const = 0;
    /// Bytes written and not yet sent.
    virtual std::size_t unsent() const = 0;
    /// Called once when the client has reset the stream or its connection is gone; at once where that has happened.
    /// Not called after a response that was sent whole.
    virtual void on_gone(std::function<void()> gone) = 0;
    /// The subject of the client's certificate: common name, organisations; empty without one.
    virtual std::string client_common_name() const = 0;
    virtual std::vector<std::string> client_organisations() const = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;

struct ServerOptions {
    std::size_t body_limit = 8U << 20;  ///< longer requests are answered with 413
    std::uint32_t streams_per_connection = 100;
    Milliseconds handshake_timeout{10'000};
};

/// Listens, accepts, and hands each whole request to the handler.
class Server {
public:
    using RequestHandler = std::function<void(ExchangePtr)>;

    /// `address` is "127.0.0.1" or the like; port 0 takes a free one. `tls` selects h2 by ALPN.
    static Result<std::unique_ptr<Server>> listen(Loop& loop, std::shared_ptr<SSL_CTX> tls, const std::string& address,
                                                  std::uint16_t port, RequestHandler handler,
                                                  ServerOptions options = {});
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    /// Sends GOAWAY on all connections and lets what runs end; new connections are taken.
    virtual void drain() = 0;
    /// Sends GOAWAY on all connections and closes them; takes no new ones.
    virtual void close() = 0;
    /// Cuts all connections without a word; new ones are refused until listen_again().
    virtual void hang_up() = 0;
    /// On the same port; fine where it listens.
    virtual Result<void> listen_again() = 0;
};

}  // namespace moontide::kube::http2
