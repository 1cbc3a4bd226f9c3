#include "kube/tls_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moontide::kube::tls {

namespace {

// One event reads and sends at most this much, so that a busy connection leaves the loop to the others.
constexpr std::size_t turn = std::size_t{512} * 1024;
constexpr std::size_t record = std::size_t{16} * 1024;

int descriptor_of(BIO* bio) {
    return *static_cast<const int*>(BIO_get_data(bio));
}

// OpenSSL's own socket BIO uses write(2), which raises SIGPIPE for the whole process when the peer has gone.
int bio_write(BIO* bio, const char* data, int size) {
    const auto sent = ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
    const auto got = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
    BIO_clear_retry_flags(bio);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

/// `descriptor` must stay where it is as long as the BIO.
BIO* bio_of(int& descriptor) {
    // Never freed: sockets that are static objects' own outlive what was made after those.
    static const BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &descriptor);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace

Socket::Socket(Loop& loop, int descriptor, SslPtr ssl, std::weak_ptr<Protocol> protocol)
    : loop_(loop), descriptor_(descriptor), ssl_(std::move(ssl)), protocol_(std::move(protocol)) {
    BIO* bio = bio_of(descriptor_);
    SSL_set_bio(ssl_.get(), bio, bio);
}

Socket::~Socket() {
    close();
}

void Socket::start() {
    interest_ = EPOLLIN;
    // The weak reference keeps an event that is at hand from finding a Socket whose Protocol has gone.
    loop_.watch(descriptor_, interest_, [this, weak = protocol_](std::uint32_t) {
        if (const auto keep = weak.lock()) ready();
    });
    ready();
}

void Socket::close() {
    if (state_ == State::closed) return;
    if (state_ == State::open) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());  // says that the end is meant; nobody waits for the answer
    }
    state_ = State::closed;
    loop_.forget(descriptor_);
    ::close(descriptor_);
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
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        const unsigned char* chosen = nullptr;
        unsigned int size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
        if (std::string_view(reinterpret_cast<const char*>(chosen), size) != "h2") {
            return fail("the peer does not speak HTTP/2 (ALPN chose no h2)");
        }
        state_ = State::open;
        if (const auto keep = protocol_.lock()) keep->on_open();
        return;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_WANT_WRITE) {
        waits_to_write_ = true;
        return;
    }
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
        return fail(std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verified));
    }
    fail("TLS handshake: " + reason(error));
}

void Socket::read() {
    const auto keep = protocol_.lock();
    if (!keep) return;
    std::array<std::uint8_t, record> buffer;
    std::size_t total = 0;
    // A record that OpenSSL holds raises no event, so the turn ends between records only.
    while (state_ == State::open && (total < turn || SSL_pending(ssl_.get()) > 0)) {
        ERR_clear_error();
        std::size_t got = 0;
        const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
        if (result == 1) {
            total += got;
            keep->on_bytes(buffer.data(), got);
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), result);
        if (error == SSL_ERROR_WANT_READ) return;
        if (error == SSL_ERROR_WANT_WRITE) {
            waits_to_write_ = true;
            return;
        }
        return fail(reason(error));
    }
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
        ERR_clear_error();
        std::size_t written = 0;
        const int result = SSL_write_ex(ssl_.get(), out_.data() + sent_, out_.size() - sent_, &written);
        if (result == 1) {
            sent_ += written;
            total += written;
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), result);
        if (error == SSL_ERROR_WANT_WRITE) {
            waits_to_write_ = true;
            return;
        }
        if (error == SSL_ERROR_WANT_READ) return;
        return fail(reason(error));
    }
}

void Socket::fail(std::string what) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    loop_.forget(descriptor_);
    ::close(descriptor_);
    if (const auto keep = protocol_.lock()) keep->on_failure(std::move(what));
}

std::string Socket::reason(int error) const {
    if (error == SSL_ERROR_ZERO_RETURN) return "the peer closed the connection";
    if (error == SSL_ERROR_SYSCALL) {
        return errno == 0 ? "the peer closed the connection" : std::string(std::strerror(errno));
    }
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return "the peer closed the connection";
    }
    return openssl_errors();
}

void Socket::update_interest() {
    if (state_ == State::closed) return;
    const std::uint32_t wanted = waits_to_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (wanted == interest_) return;
    interest_ = wanted;
    loop_.change(descriptor_, wanted);
}

}  // namespace moontide::kube::tls
