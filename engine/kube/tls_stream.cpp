#include "kube/tls_stream.hpp"

#include <utility>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace moontide::kube::tls {

namespace {

int answer(BIO* bio, const Moved& moved) {
    BIO_clear_retry_flags(bio);
    switch (moved.flow) {
        case Flow::done:
            return static_cast<int>(moved.bytes);
        case Flow::wants_input:
            BIO_set_retry_read(bio);
            return -1;
        case Flow::wants_output:
            BIO_set_retry_write(bio);
            return -1;
        case Flow::ended:
            BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
            return 0;
        case Flow::failed:
            return -1;
    }
    std::unreachable();
}

}  // namespace

int TlsStream::bio_write(BIO* bio, const char* data, int size) {
    auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
    // An alert leaves while the error that it tells of stands in the thread's queue, which TLS beneath uses too.
    if (ERR_peek_error() != 0) self.alerted_ = self.reason(SSL_ERROR_SSL);
    return answer(bio, self.under_->write({data, static_cast<std::size_t>(size)}));
}

int TlsStream::bio_read(BIO* bio, char* data, int size) {
    auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
    return answer(bio, self.under_->read({data, static_cast<std::size_t>(size)}));
}

long TlsStream::bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

const BIO_METHOD* TlsStream::bio_method() {
    // Never freed: sockets that are static objects' own outlive what was made after those.
    static const BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream of bytes");
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

TlsStream::TlsStream(std::unique_ptr<ByteStream> under, SslPtr ssl) : under_(std::move(under)), ssl_(std::move(ssl)) {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

Flow TlsStream::handshake() {
    ERR_clear_error();
    const Flow flow = outcome(SSL_do_handshake(ssl_.get()));
    if (flow == Flow::ended || flow == Flow::failed) {
        const long verified = SSL_get_verify_result(ssl_.get());
        failure_ = verified == X509_V_OK
                       ? "TLS handshake: " + failure_
                       : std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verified);
    }
    return flow;
}

std::string_view TlsStream::protocol() const {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
}

Moved TlsStream::read(std::span<char> room) {
    ERR_clear_error();
    std::size_t got = 0;
    const Flow flow = outcome(SSL_read_ex(ssl_.get(), room.data(), room.size(), &got));
    return {flow, got};
}

Moved TlsStream::write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    const Flow flow = outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written));
    return {flow, written};
}

void TlsStream::say_end() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());  // nobody waits for the answer
    under_->say_end();
}

Flow TlsStream::outcome(int result) {
    const auto alerted = std::exchange(alerted_, {});
    if (result == 1) return Flow::done;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return Flow::wants_input;
    // An alert that does not leave now never does.
    if (error == SSL_ERROR_WANT_WRITE && alerted.empty()) return Flow::wants_output;
    failure_ = alerted.empty() ? reason(error) : alerted;
    return error == SSL_ERROR_ZERO_RETURN ? Flow::ended : Flow::failed;
}

std::string TlsStream::reason(int error) const {
    if (error == SSL_ERROR_ZERO_RETURN) return "the peer closed the connection";
    if (error == SSL_ERROR_SYSCALL) return under_->failure();
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return "the peer closed the connection";
    }
    return openssl_errors();
}

}  // namespace moontide::kube::tls
