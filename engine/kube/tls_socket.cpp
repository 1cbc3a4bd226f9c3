#include "kube/tls_socket.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <sys/epoll.h>

namespace moontide::kube::tls {

namespace {

// One event reads and sends at most this much, so that a busy connection leaves the loop to the others.
constexpr std::size_t turn = std::size_t{512} * 1024;
constexpr std::size_t record = std::size_t{16} * 1024;

}  // namespace

Socket::Socket(Loop& loop, std::unique_ptr<ByteStream> under, SslPtr ssl, std::weak_ptr<Protocol> protocol)
    : loop_(loop),
      stream_(std::make_unique<TlsStream>(std::move(under), std::move(ssl))),
      protocol_(std::move(protocol)) {}

Socket::~Socket() {
    close();
}

void Socket::start() {
    const auto held = protocol_.lock();  // which may let go of itself when the peer has gone already
    interest_ = EPOLLIN;
    // The weak reference keeps an event that is at hand from finding a Socket whose Protocol has gone.
    loop_.watch(stream_->descriptor(), interest_, [this, weak = protocol_](std::uint32_t) {
        if (const auto keep = weak.lock()) ready();
    });
    ready();
}

void Socket::close() {
    if (state_ == State::closed) return;
    if (state_ == State::open) stream_->say_end();
    let_go();
}

void Socket::let_go() {
    state_ = State::closed;
    loop_.forget(stream_->descriptor());
    stream_.reset();
}

void Socket::ready() {
    waits_to_write_ = false;
    if (state_ == State::handshake) handshake();
    if (state_ == State::open) read();
    if (state_ == State::open) send();
    update_interest();
}

void Socket::flush() {
    if (state_ != State::open) return;
    const auto keep = protocol_.lock();
    if (!keep) return;
    send();
    update_interest();
}

void Socket::handshake() {
    const Flow flow = stream_->handshake();
    if (flow != Flow::done) return goes_on(flow);
    if (stream_->protocol() != "h2") return fail("the peer does not speak HTTP/2 (ALPN chose no h2)");
    state_ = State::open;
    if (const auto keep = protocol_.lock()) keep->on_open();
}

void Socket::read() {
    const auto keep = protocol_.lock();
    if (!keep) return;
    std::array<char, record> buffer;
    std::size_t total = 0;
    while (state_ == State::open) {
        if (total >= turn) return end_turn();
        const auto [flow, got] = stream_->read(buffer);
        if (flow != Flow::done) return goes_on(flow);
        total += got;
        keep->on_bytes(reinterpret_cast<const std::uint8_t*>(buffer.data()), got);
    }
}

/// What a layer of TLS holds raises no event, and is read after the others had their turn.
void Socket::end_turn() {
    if (!stream_->holds_bytes()) return;
    loop_.post([this, weak = protocol_] {
        if (const auto keep = weak.lock()) ready();
    });
}

void Socket::send() {
    const auto keep = protocol_.lock();
    if (!keep) return;
    std::size_t total = 0;
    while (state_ == State::open) {
        if (sent_ == out_.size()) {
            out_.clear();
            sent_ = 0;
            if (total >= turn) {
                waits_to_write_ = true;
                return;
            }
            keep->collect(out_);
            if (state_ != State::open) return;
            if (out_.empty()) {
                if (out_.capacity() > record) out_.shrink_to_fit();
                return;
            }
        }
        const auto [flow, written] = stream_->write(std::string_view(out_).substr(sent_));
        if (flow != Flow::done) return goes_on(flow);
        sent_ += written;
        total += written;
    }
}

/// A call did nothing, for now or for ever.
void Socket::goes_on(Flow flow) {
    if (flow == Flow::wants_output) {
        waits_to_write_ = true;
    } else if (flow != Flow::wants_input) {
        fail(stream_->failure());
    }
}

void Socket::fail(std::string what) {
    if (state_ == State::closed) return;
    let_go();
    if (const auto keep = protocol_.lock()) keep->on_failure(std::move(what));
}

void Socket::update_interest() {
    if (state_ == State::closed) return;
    const std::uint32_t wanted = waits_to_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (wanted == interest_) return;
    interest_ = wanted;
    loop_.change(stream_->descriptor(), wanted);
}

}  // namespace moontide::kube::tls
