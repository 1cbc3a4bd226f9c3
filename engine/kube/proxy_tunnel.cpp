#include "kube/proxy_tunnel.hpp"

#include "kube/tls.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include <openssl/x509_vfy.h>
#include <sys/epoll.h>

namespace moontide::kube {

Tunnel::Tunnel(Loop& loop, std::unique_ptr<ByteStream> to_proxy, Proxy proxy, const std::string& host,
               std::uint16_t port, Done done)
    : loop_(loop),
      proxy_(std::move(proxy)),
      stream_(std::move(to_proxy)),
      negotiation_(proxy_.kind == Proxy::Kind::socks5 ? socks5_negotiation(proxy_, host, port)
                                                      : connect_negotiation(proxy_, host, port)),
      done_(std::move(done)) {
    loop_.watch(stream_->descriptor(), EPOLLOUT, [this](std::uint32_t) { ready(); });
}

Tunnel::~Tunnel() {
    if (stream_) loop_.forget(stream_->descriptor());
}

std::string Tunnel::awaited() const {
    return stage_ == Stage::talking ? negotiation_->awaited() : "its side of the TLS handshake";
}

void Tunnel::ready() {
    while (stage_ != Stage::open) {
        const auto flow = advance();
        if (!flow) return finish(within(proxy_.name(), flow.error()));
        if (*flow == Flow::wants_input) return loop_.change(stream_->descriptor(), EPOLLIN);
        if (*flow == Flow::wants_output) return loop_.change(stream_->descriptor(), EPOLLOUT);
    }
    finish({});
}

Result<Flow> Tunnel::advance() {
    if (stage_ == Stage::fresh) return begin();
    if (stage_ == Stage::securing) return secure();
    return sent_ < turn_.send.size() ? send() : receive();
}

Result<Flow> Tunnel::begin() {
    take(TRY(negotiation_->begin()));
    stage_ = Stage::talking;
    if (proxy_.kind != Proxy::Kind::https) return Flow::done;
    const auto context = TRY(tls::proxy_context(proxy_.authorities));
    auto secured = std::make_unique<tls::TlsStream>(std::move(stream_), tls::client_ssl(context, proxy_.host, true));
    tls_ = secured.get();
    stream_ = std::move(secured);
    stage_ = Stage::securing;
    return Flow::done;
}

Result<Flow> Tunnel::secure() {
    const Flow flow = tls_->handshake();
    if (flow == Flow::done) stage_ = Stage::talking;
    if (flow != Flow::ended && flow != Flow::failed) return flow;
    const bool mistrusted = SSL_get_verify_result(tls_->ssl()) != X509_V_OK;
    return fail(
        tls_->failure() + (mistrusted ? "; its authority must be one of the system's (SSL_CERT_FILE names other "
                                        "roots) or the cluster's, and its name " +
                                            proxy_.host
                                      : "; if it does not speak TLS, its URL begins with http://"),
        Retry::later);
}

Result<Flow> Tunnel::send() {
    const auto [flow, bytes] = stream_->write(std::string_view(turn_.send).substr(sent_));
    sent_ += bytes;
    return went(flow);
}

Result<Flow> Tunnel::receive() {
    std::array<char, 4096> buffer;
    const auto [flow, bytes] = stream_->read(std::span(buffer).first(std::min(turn_.read, buffer.size())));
    if (flow != Flow::done) return went(flow);
    take(TRY(negotiation_->received({buffer.data(), bytes})));
    return Flow::done;
}

Result<Flow> Tunnel::went(Flow flow) const {
    if (flow != Flow::ended && flow != Flow::failed) return flow;
    return fail(
        "instead of " + negotiation_->awaited() + ": " + stream_->failure() + "; does it speak what its URL says?",
        Retry::later);
}

void Tunnel::take(Negotiation::Turn turn) {
    turn_ = std::move(turn);
    sent_ = 0;
    if (turn_.read == 0) stage_ = Stage::open;
}

void Tunnel::finish(Result<void> result) {
    loop_.forget(stream_->descriptor());
    auto stream = std::move(stream_);
    const auto done = std::exchange(done_, nullptr);
    if (!result) return done(std::unexpected(std::move(result).error()));
    done(std::move(stream));
}

}  // namespace moontide::kube
