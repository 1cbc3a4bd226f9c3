// TLS over a stream of bytes, itself one: over a socket, or within the TLS of a proxy.
#pragma once

#include "kube/byte_stream.hpp"
#include "kube/tls_openssl.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace moontide::kube::tls {

/// The side is what SSL_set_connect_state or SSL_set_accept_state said. Thread as for any ByteStream.
class TlsStream final : public ByteStream {
public:
    TlsStream(std::unique_ptr<ByteStream> under, SslPtr ssl);

    /// To be called until it is Flow::done, before anything is read or written.
    Flow handshake();
    /// What ALPN chose; empty where it chose nothing.
    std::string_view protocol() const;

    Moved read(std::span<char> room) override;
    Moved write(std::string_view bytes) override;
    bool holds_bytes() const override { return SSL_pending(ssl_.get()) > 0 || under_->holds_bytes(); }
    void say_end() override;
    int descriptor() const override { return under_->descriptor(); }
    std::string failure() const override { return failure_; }
    SSL* ssl() const { return ssl_.get(); }

private:
    static const BIO_METHOD* bio_method();
    static int bio_write(BIO* bio, const char* data, int size);
    static int bio_read(BIO* bio, char* data, int size);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    Flow outcome(int result);
    std::string reason(int error) const;

    std::unique_ptr<ByteStream> under_;
    SslPtr ssl_;
    std::string alerted_;  // what the call under way sent an alert for
    std::string failure_;
};

}  // namespace moontide::kube::tls
