#include "base/log.hpp"
#include "kube/http2_server.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include <openssl/x509.h>

namespace moontide::kube::http2 {

namespace {

std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

std::vector<std::string> subject_entries(X509* certificate, int id) {
    std::vector<std::string> values;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, id, at)) >= 0;) {
        unsigned char* text = nullptr;
        const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (size < 0) continue;
        values.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
        OPENSSL_free(text);
    }
    return values;
}

}  // namespace

ServerConnection::ServerConnection(Loop& loop, ServerOptions options, Server::RequestHandler handler, Gone gone)
    : loop_(loop), options_(options), handler_(std::move(handler)), gone_(std::move(gone)), number_(next_number()) {
    make_session();
}

ServerConnection::~ServerConnection() {
    loop_.cancel(handshake_timer_);
}

void ServerConnection::start(int descriptor, tls::SslPtr ssl) {
    tune(descriptor, Milliseconds(30'000));
    SSL_set_accept_state(ssl.get());
    socket_ =
        std::make_unique<tls::Socket>(loop_, std::make_unique<TcpStream>(descriptor), std::move(ssl), weak_from_this());
    handshake_timer_ = loop_.after(options_.handshake_timeout, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->end();
    });
    socket_->start();
}

void ServerConnection::make_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    const CallbacksPtr callbacks_owner(callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
                                                             self(user).frame_received(*frame);
                                                             return 0;
                                                         });
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
                                                             self(user).frame_sent(*frame);
                                                             return 0;
                                                         });
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new(&session, callbacks, this);
    session_.reset(session);

    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.streams_per_connection},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1U << 20},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(header_limit)},
    };
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
}

void ServerConnection::drain() {
    if (dead_) return;
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    flush_soon();
}

void ServerConnection::close() {
    if (dead_) return;
    const auto keep = shared_from_this();
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
    if (socket_) socket_->flush();
    end();
}

void ServerConnection::abandon() {
    gone_ = nullptr;
    for (auto& [id, exchange] : exchanges_) exchange->gone_callback_ = nullptr;
    end();
}

void ServerConnection::cut() {
    // The session may be in the middle of calling us.
    loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->end();
    });
}

void ServerConnection::respond(StreamId id, int status, const Headers& headers, bool has_body) {
    if (dead_) return;
    const std::string status_text = std::to_string(status);
    HeaderBlock block;
    block.add(":status", status_text);
    block.add(headers);
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    nghttp2_submit_response(session_.get(), id, block.data(), block.size(), has_body ? &provider : nullptr);
    flush_soon();
}

void ServerConnection::resume(StreamId id) {
    if (dead_) return;
    nghttp2_session_resume_data(session_.get(), id);
    flush_soon();
}

void ServerConnection::reset(StreamId id) {
    if (dead_) return;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
    flush_soon();
}

void ServerConnection::on_open() {
    loop_.cancel(std::exchange(handshake_timer_, 0));
    const tls::X509Ptr certificate(SSL_get1_peer_certificate(socket_->ssl()));
    if (!certificate) return;
    if (auto names = subject_entries(certificate.get(), NID_commonName); !names.empty()) common_name_ = names.front();
    organisations_ = subject_entries(certificate.get(), NID_organizationName);
}

void ServerConnection::on_bytes(const std::uint8_t* bytes, std::size_t size) {
    const auto keep = shared_from_this();
    if (dead_ || muted_) return;
    if (nghttp2_session_mem_recv(session_.get(), bytes, size) < 0) end();
}

void ServerConnection::collect(std::string& out) {
    if (dead_ || muted_) return;
    if (!http2::collect(session_.get(), out)) return end();
    if (out.empty() && nghttp2_session_want_read(session_.get()) == 0) end();
}

void ServerConnection::on_failure(std::string what) {
    log::debug("a client's connection ended", {{"reason", what}});
    end();
}

void ServerConnection::flush_soon() {
    if (flush_scheduled_ || dead_) return;
    flush_scheduled_ = true;
    loop_.post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->flush_scheduled_ = false;
        if (self->socket_) self->socket_->flush();
    });
}

void ServerConnection::end() {
    if (std::exchange(dead_, true)) return;
    const auto keep = shared_from_this();
    loop_.cancel(std::exchange(handshake_timer_, 0));
    if (socket_) socket_->close();
    const auto exchanges = std::exchange(exchanges_, {});
    for (const auto& [id, exchange] : exchanges) exchange->now_gone();
    if (const auto gone = std::exchange(gone_, nullptr)) gone(this);
}

std::shared_ptr<ServerExchange> ServerConnection::exchange(StreamId id) const {
    const auto found = exchanges_.find(id);
    return found != exchanges_.end() ? found->second : nullptr;
}

void ServerConnection::frame_received(const nghttp2_frame& frame) {
    if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
    const auto found = exchange(frame.hd.stream_id);
    if (!found) return;
    if (found->phase_ == ServerExchange::Phase::refused)
        found->respond(431, {}, "the request's headers are too long\n");
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
    found->request_whole_ = true;
    if (found->phase_ != ServerExchange::Phase::receiving) return;
    found->phase_ = ServerExchange::Phase::received;
    handler_(found);
}

void ServerConnection::frame_sent(const nghttp2_frame& frame) {
    if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
    // Answered before the request was whole (413): the rest of it need not come.
    if (const auto found = exchange(frame.hd.stream_id); found && !found->request_whole_) {
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
    }
}

int ServerConnection::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& connection = self(user);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const StreamId id = frame->hd.stream_id;
    auto exchange = std::make_shared<ServerExchange>(connection.weak_from_this(), connection.number_, id);
    exchange->request_.method.clear();
    connection.exchanges_.emplace(id, std::move(exchange));
    return 0;
}

int ServerConnection::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                                void* user) {
    const auto found = self(user).exchange(frame->hd.stream_id);
    if (!found || found->phase_ != ServerExchange::Phase::receiving) return 0;
    const std::string_view name_text(reinterpret_cast<const char*>(name), name_size);
    const std::string_view value_text(reinterpret_cast<const char*>(value), value_size);
    found->header_bytes_ += name_size + value_size;
    if (found->header_bytes_ > header_limit) {
        found->phase_ = ServerExchange::Phase::refused;
    } else if (name_text == ":method") {
        found->request_.method = value_text;
    } else if (name_text == ":path") {
        found->request_.path = value_text;
    } else if (name_text == ":authority") {
        found->request_.headers.emplace_back("host", value_text);
    } else if (!name_text.starts_with(':')) {
        found->request_.headers.emplace_back(name_text, value_text);
    }
    return 0;
}

int ServerConnection::on_data(nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data, std::size_t size,
                              void* user) {
    auto& connection = self(user);
    const auto found = connection.exchange(id);
    if (!found || found->phase_ != ServerExchange::Phase::receiving) return 0;
    auto& body = found->request_.body;
    if (body.size() + size <= connection.options_.body_limit) {
        body.append(reinterpret_cast<const char*>(data), size);
        return 0;
    }
    std::string().swap(body);
    found->phase_ = ServerExchange::Phase::refused;
    found->respond(413, {}, "the request's body is too long\n");
    return 0;
}

int ServerConnection::on_stream_close(nghttp2_session*, StreamId id, std::uint32_t, void* user) {
    auto& connection = self(user);
    const auto found = connection.exchange(id);
    connection.exchanges_.erase(id);
    if (found) found->now_gone();
    return 0;
}

ssize_t ServerConnection::read_body(nghttp2_session*, StreamId id, std::uint8_t* buffer, std::size_t size,
                                    std::uint32_t* flags, nghttp2_data_source*, void* user) {
    const auto found = self(user).exchange(id);
    if (!found) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto& exchange = *found;
    const auto count = std::min(size, exchange.unsent());
    std::copy_n(exchange.out_.data() + exchange.sent_, count, buffer);
    exchange.sent_ += count;
    const bool drained = exchange.unsent() == 0;
    if (drained && exchange.phase_ == ServerExchange::Phase::ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (count == 0) {
        std::string().swap(exchange.out_);
        exchange.sent_ = 0;
        exchange.deferred_ = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
}

}  // namespace moontide::kube::http2
