// One accepted connection of a Server.
#pragma once

#include "kube/http2.hpp"
#include "kube/http2_session.hpp"
#include "kube/tls_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace moontide::kube::http2 {

class ServerExchange;

/// Reads whole requests, hands them over, and sends what their exchanges are given. All calls on the loop's thread.
class ServerConnection final : public tls::Protocol, public std::enable_shared_from_this<ServerConnection> {
public:
    using Gone = std::function<void(ServerConnection*)>;

    ServerConnection(Loop& loop, ServerOptions options, Server::RequestHandler handler, Gone gone);
    ~ServerConnection() override;

    void start(int descriptor, tls::SslPtr ssl);
    /// GOAWAY; what runs may end.
    void drain();
    /// GOAWAY, and the end.
    void close();
    /// The end, and nobody is told.
    void abandon();
    /// The end, soon and without a GOAWAY.
    void cut();
    /// Neither reads nor writes any more.
    void mute() { muted_ = true; }
    std::uint64_t number() const { return number_; }

    void respond(StreamId id, int status, const Headers& headers, bool has_body);
    void resume(StreamId id);
    void reset(StreamId id);
    const std::string& common_name() const { return common_name_; }
    const std::vector<std::string>& organisations() const { return organisations_; }

    void on_open() override;
    void on_bytes(const std::uint8_t* bytes, std::size_t size) override;
    void collect(std::string& out) override;
    void on_failure(std::string what) override;

private:
    void make_session();
    void flush_soon();
    void end();
    void frame_received(const nghttp2_frame& frame);
    void frame_sent(const nghttp2_frame& frame);
    std::shared_ptr<ServerExchange> exchange(StreamId id) const;

    static ServerConnection& self(void* user) { return *static_cast<ServerConnection*>(user); }
    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user);
    static int on_data(nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data, std::size_t size,
                       void* user);
    static int on_stream_close(nghttp2_session*, StreamId id, std::uint32_t, void* user);
    static ssize_t read_body(nghttp2_session*, StreamId id, std::uint8_t* buffer, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source*, void* user);

    Loop& loop_;
    ServerOptions options_;
    Server::RequestHandler handler_;
    Gone gone_;
    SessionPtr session_;
    std::unique_ptr<tls::Socket> socket_;
    std::unordered_map<StreamId, std::shared_ptr<ServerExchange>> exchanges_;
    std::string common_name_;
    std::vector<std::string> organisations_;
    const std::uint64_t number_;
    bool dead_ = false;
    bool muted_ = false;
    bool flush_scheduled_ = false;
    Loop::TimerId handshake_timer_ = 0;
};

/// What the handler holds of a stream; it may outlive the connection.
class ServerExchange final : public Exchange {
public:
    ServerExchange(std::weak_ptr<ServerConnection> connection, std::uint64_t connection_number, StreamId id)
        : connection_(std::move(connection)), connection_number_(connection_number), id_(id) {}

    const Request& request() const override { return request_; }
    void respond(int status, Headers headers, std::string body) override;
    void begin(int status, Headers headers) override;
    void write(std::string_view chunk) override;
    void end() override;
    void reset() override;
    void cut() override;
    void mute() override;
    std::uint64_t connection() const override { return connection_number_; }
    std::size_t unsent() const override { return out_.size() - sent_; }
    void on_gone(std::function<void()> gone) override;
    std::string client_common_name() const override;
    std::vector<std::string> client_organisations() const override;

private:
    friend class ServerConnection;
    enum class Phase { receiving, received, refused, responding, ended, gone };

    void now_gone();

    std::weak_ptr<ServerConnection> connection_;
    std::uint64_t connection_number_;
    StreamId id_;
    Phase phase_ = Phase::receiving;
    Request request_;
    std::size_t header_bytes_ = 0;
    bool request_whole_ = false;
    std::string out_;
    std::size_t sent_ = 0;
    bool deferred_ = false;
    std::function<void()> gone_callback_;
};

}  // namespace moontide::kube::http2
