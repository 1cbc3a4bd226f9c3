#include "kube/connection_dial.hpp"
#include "kube/connection_url.hpp"
#include "kube/http2_session.hpp"
#include "kube/tls.hpp"
#include "kube/tls_socket.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace moontide::kube::http2 {

namespace {

struct Exchanged {
    Handler handler;
    std::string body;
    std::size_t sent = 0;
    int status = 0;
    Headers headers;
    std::size_t header_bytes = 0;
    bool headers_delivered = false;
};

}  // namespace

class Connection::Implementation final : public tls::Protocol,
                                         public std::enable_shared_from_this<Connection::Implementation> {
public:
    Implementation(Loop& loop, std::shared_ptr<SSL_CTX> context, ClientOptions options,
                   std::function<void(Error)> closed)
        : loop_(loop), context_(std::move(context)), options_(std::move(options)), closed_(std::move(closed)) {
        authority_ = Url{"https", {}, {}, options_.host, options_.port, {}}.authority();
        place_ = options_.proxy ? authority_ + " through " + options_.proxy->name() : authority_;
        make_session();
    }

    void start() {
        dial_timer_ = after(options_.dial_timeout, [this] {
            fail("no connection to " + authority_ + " within " + std::to_string(options_.dial_timeout.count()) +
                 " ms: waited for " + (socket_ ? "the TLS handshake with " + place_ : dial_->awaited()));
        });
        dial_ = std::make_unique<Dial>(loop_, options_.host, options_.port, options_.proxy,
                                       [this](Result<std::unique_ptr<ByteStream>> dialled) {
                                           if (!dialled) return fail(dialled.error().message);
                                           connected(std::move(*dialled));
                                       });
    }

    StreamId send(Request request, Handler handler) {
        auto stream = std::make_shared<Exchanged>();
        stream->handler = std::move(handler);
        stream->body = std::move(request.body);
        StreamId id = -1;
        if (open_) id = submit(request, *stream);
        if (id < 0) {
            if (open_) after(Milliseconds(0), [this] { stop_taking("no more streams on this connection"); });
            return end_soon(std::move(stream));
        }
        streams_.emplace(id, std::move(stream));
        flush_soon();
        return id;
    }

    void consumed(StreamId id, std::size_t bytes) {
        if (dead_ || id <= 0) return;
        nghttp2_session_consume_stream(session_.get(), id, bytes);
        flush_soon();
    }

    void cancel(StreamId id) {
        if (streams_.erase(id) == 0 || dead_ || id <= 0) return;
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        flush_soon();
        end_when_drained();
    }

    void close() {
        if (dead_ || closing_) return;
        closing_ = true;
        open_ = false;
        after(Milliseconds(0), [this] {
            if (dead_) return;
            nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
            if (socket_) socket_->flush();
            fail("connection to " + authority_ + " closed by us");
        });
    }

    /// The Connection is gone: nothing is called any more.
    void abandon() {
        closed_ = nullptr;
        streams_.clear();
        die();
    }

    std::size_t streams() const { return streams_.size(); }
    bool open() const { return open_; }

    void on_open() override {
        loop_.cancel(std::exchange(dial_timer_, 0));
        schedule_ping();
    }

    void on_bytes(const std::uint8_t* bytes, std::size_t size) override {
        const auto keep = shared_from_this();
        if (dead_) return;
        const auto taken = nghttp2_session_mem_recv(session_.get(), bytes, size);
        if (taken < 0 && !dead_) {
            return fail(authority_ + " breaks HTTP/2: " + nghttp2_strerror(static_cast<int>(taken)));
        }
        end_when_drained();
    }

    void collect(std::string& out) override {
        if (dead_) return;
        if (!http2::collect(session_.get(), out)) return fail("HTTP/2 with " + authority_ + " cannot go on");
        if (out.empty() && nghttp2_session_want_read(session_.get()) == 0)
            fail("connection to " + authority_ + " ended");
    }

    void on_failure(std::string what) override { fail(place_ + ": " + what); }

private:
    Loop::TimerId after(Milliseconds delay, std::function<void()> function) {
        return loop_.after(delay, [weak = weak_from_this(), function = std::move(function)] {
            if (const auto self = weak.lock()) function();
        });
    }

    void make_session() {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        const CallbacksPtr callbacks_owner(callbacks);
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
        nghttp2_option* option = nullptr;
        nghttp2_option_new(&option);
        const OptionPtr option_owner(option);
        // Windows are given back by hand: the connection's at once, a stream's by consumed().
        nghttp2_option_set_no_auto_window_update(option, 1);
        // nine frames of 16 KiB: servers on nghttp2 break the whole connection at more
        nghttp2_option_set_max_send_header_block_length(option, std::size_t{9} * 16 * 1024);
        nghttp2_session* session = nullptr;
        nghttp2_session_client_new2(&session, callbacks, this, option);
        session_.reset(session);

        const nghttp2_settings_entry settings[] = {
            {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window},
            {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(header_limit)},
        };
        nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(options_.connection_window));
    }

    void connected(std::unique_ptr<ByteStream> stream) {
        tune(stream->descriptor(), options_.ping_every + options_.ping_timeout);
        auto ssl = tls::client_ssl(context_, options_.server_name.empty() ? options_.host : options_.server_name,
                                   options_.verify);
        socket_ = std::make_unique<tls::Socket>(loop_, std::move(stream), std::move(ssl), weak_from_this());
        socket_->start();
    }

    StreamId submit(const Request& request, const Exchanged& stream) {
        HeaderBlock headers;
        headers.add(":method", request.method);
        headers.add(":scheme", "https");
        headers.add(":authority", options_.authority.empty() ? authority_ : options_.authority);
        headers.add(":path", request.path);
        headers.add(request.headers);
        nghttp2_data_provider provider{};
        provider.read_callback = read_body;
        return nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(),
                                      stream.body.empty() ? nullptr : &provider, nullptr);
    }

    /// For requests that cannot be sent: an id of its own kind, so that cancel() works for it too.
    StreamId end_soon(std::shared_ptr<Exchanged> stream) {
        const StreamId id = --last_unsent_;
        streams_.emplace(id, std::move(stream));
        after(Milliseconds(0),
              [this, id] { end(id, Error{"connection to " + authority_ + " is closed", Retry::later}); });
        return id;
    }

    /// Frames of one turn of the loop leave together, and nothing is called from within send().
    void flush_soon() {
        if (flush_scheduled_ || dead_) return;
        flush_scheduled_ = true;
        loop_.post([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->flush_scheduled_ = false;
            if (self->socket_) self->socket_->flush();
        });
    }

    void schedule_ping() {
        ping_timer_ = after(options_.ping_every, [this] {
            nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
            ping_timer_ = after(options_.ping_timeout, [this] {
                fail(place_ + " did not answer a PING within " + std::to_string(options_.ping_timeout.count()) + " ms");
            });
            flush_soon();
        });
    }

    void end(StreamId id, std::optional<Error> error) {
        const auto found = streams_.find(id);
        if (found == streams_.end()) return;
        const auto stream = std::move(found->second);
        streams_.erase(found);
        if (stream->handler.on_end) stream->handler.on_end(std::move(error));
    }

    void stop_taking(const std::string& why) {
        open_ = false;
        if (const auto closed = std::exchange(closed_, nullptr)) closed(Error{why, Retry::later});
    }

    /// After a GOAWAY the last stream takes the connection with it.
    void end_when_drained() {
        if (open_ || dead_ || closing_ || !streams_.empty()) return;
        closing_ = true;
        after(Milliseconds(0), [this] { fail("connection to " + authority_ + " ended"); });
    }

    void die() {
        dead_ = true;
        open_ = false;
        loop_.cancel(std::exchange(dial_timer_, 0));
        loop_.cancel(std::exchange(ping_timer_, 0));
        dial_.reset();
        if (socket_) socket_->close();
    }

    void fail(const std::string& why) {
        if (dead_) return;
        const auto keep = shared_from_this();
        die();
        stop_taking(why);
        // Each handler may drop the Connection, which empties the map.
        while (!streams_.empty()) end(streams_.begin()->first, Error{why, Retry::later});
    }

    std::shared_ptr<Exchanged> stream(StreamId id) const {
        const auto found = streams_.find(id);
        return found != streams_.end() ? found->second : nullptr;
    }

    void frame_received(const nghttp2_frame& frame) {
        if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            loop_.cancel(ping_timer_);
            schedule_ping();
        } else if (frame.hd.type == NGHTTP2_GOAWAY) {
            stop_taking(authority_ + " sent GOAWAY (" + error_name(frame.goaway.error_code) + ")");
        } else if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) {
            const auto found = stream(frame.hd.stream_id);
            if (!found) return;
            if (frame.hd.type == NGHTTP2_HEADERS && !found->headers_delivered && found->status >= 200) {
                found->headers_delivered = true;
                if (found->handler.on_headers) found->handler.on_headers(found->status, std::move(found->headers));
            }
            if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) response_ended(frame.hd.stream_id, *found);
        }
    }

    void response_ended(StreamId id, const Exchanged& ended) {
        // An answer may come before the request's body was read; nobody needs the rest of it then.
        if (ended.sent < ended.body.size()) {
            nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
        }
        end(id, std::nullopt);
    }

    static Implementation& self(void* user) { return *static_cast<Implementation*>(user); }

    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        // Informational answers (1xx) come before the real one, each with its own headers.
        if (const auto found = self(user).stream(frame->hd.stream_id); found && !found->headers_delivered) {
            found->headers.clear();
            found->status = 0;
        }
        return 0;
    }

    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        const auto found = self(user).stream(frame->hd.stream_id);
        if (!found || found->headers_delivered) return 0;
        const std::string_view name_text(reinterpret_cast<const char*>(name), name_size);
        const std::string_view value_text(reinterpret_cast<const char*>(value), value_size);
        found->header_bytes += name_size + value_size;
        if (found->header_bytes > header_limit) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (name_text == ":status") {
            std::from_chars(value_text.data(), value_text.data() + value_text.size(), found->status);
        } else {
            found->headers.emplace_back(name_text, value_text);
        }
        return 0;
    }

    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        self(user).frame_received(*frame);
        return 0;
    }

    static int on_data(nghttp2_session* session, std::uint8_t, StreamId id, const std::uint8_t* data, std::size_t size,
                       void* user) {
        nghttp2_session_consume_connection(session, size);
        if (const auto found = self(user).stream(id); found && found->handler.on_data) {
            found->handler.on_data(std::string_view(reinterpret_cast<const char*>(data), size));
        }
        return 0;
    }

    static int on_stream_close(nghttp2_session*, StreamId id, std::uint32_t code, void* user) {
        auto& connection = self(user);
        connection.end(id, Error{connection.authority_ + " ended the stream (" + error_name(code) + ")", Retry::later});
        return 0;
    }

    static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
        if (frame->hd.type != NGHTTP2_HEADERS) return 0;
        auto& connection = self(user);
        connection.end(frame->hd.stream_id,
                       Error{"not sent to " + connection.authority_ + ": " + nghttp2_strerror(error), Retry::later});
        return 0;
    }

    static ssize_t read_body(nghttp2_session*, StreamId id, std::uint8_t* buffer, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source*, void* user) {
        const auto found = self(user).stream(id);
        if (!found) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // cancelled, and the reset has not left yet
        auto& stream = *found;
        const auto count = std::min(size, stream.body.size() - stream.sent);
        std::copy_n(stream.body.data() + stream.sent, count, buffer);
        stream.sent += count;
        if (stream.sent == stream.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    Loop& loop_;
    std::shared_ptr<SSL_CTX> context_;
    ClientOptions options_;
    std::function<void(Error)> closed_;
    std::string authority_;
    std::string place_;  // for messages
    SessionPtr session_;
    std::unique_ptr<Dial> dial_;
    std::unique_ptr<tls::Socket> socket_;
    std::unordered_map<StreamId, std::shared_ptr<Exchanged>> streams_;
    StreamId last_unsent_ = 0;
    bool open_ = true;
    bool closing_ = false;
    bool dead_ = false;
    bool flush_scheduled_ = false;
    Loop::TimerId dial_timer_ = 0;
    Loop::TimerId ping_timer_ = 0;
};

Connection::Connection(Loop& loop, std::shared_ptr<SSL_CTX> tls, ClientOptions options,
                       std::function<void(Error)> closed)
    : self_(std::make_shared<Implementation>(loop, std::move(tls), std::move(options), std::move(closed))) {
    self_->start();
}

Connection::~Connection() {
    self_->abandon();
}

StreamId Connection::send(Request request, Handler handler) {
    return self_->send(std::move(request), std::move(handler));
}
void Connection::consumed(StreamId stream, std::size_t bytes) {
    self_->consumed(stream, bytes);
}
void Connection::cancel(StreamId stream) {
    self_->cancel(stream);
}
std::size_t Connection::streams() const {
    return self_->streams();
}
bool Connection::open() const {
    return self_->open();
}
void Connection::close() {
    self_->close();
}

}  // namespace moontide::kube::http2
