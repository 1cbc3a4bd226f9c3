#include "kube/tls.hpp"

#include "base/log.hpp"
#include "kube/connection_url.hpp"
#include "kube/tls_openssl.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace moontide::kube::tls {

namespace {

constexpr std::array<unsigned char, 3> h2 = {2, 'h', '2'};
constexpr std::array<unsigned char, 9> http1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// PEM text and what to call it in messages.
struct Pem {
    std::string text;
    std::string place;
};

Result<Pem> read(const Material& material, const std::string& what) {
    if (material.file.empty()) return Pem{material.inline_pem, "the inline " + what};
    std::ifstream file(material.file, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return fail(material.file + ": cannot read the " + what, Retry::later);
    return Pem{std::move(text).str(), material.file};
}

Result<Context> new_context(const SSL_METHOD* method) {
    ERR_clear_error();
    Context context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context) return fail("cannot make a TLS context: " + openssl_errors());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    return context;
}

Result<void> trust(SSL_CTX* context, const Pem& authorities) {
    const auto bio = bio_over(authorities.text);
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    int count = 0;
    while (const X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1)
            return fail(authorities.place + ": " + openssl_errors());
        ++count;
    }
    ERR_clear_error();  // the end of the text is an error to the reader
    if (count == 0) return fail(authorities.place + ": holds no PEM certificate");
    return {};
}

Result<void> show(SSL_CTX* context, const Pem& certificates, const Pem& key) {
    const auto bio = bio_over(certificates.text);
    const X509Ptr leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
    if (!leaf) return fail(certificates.place + ": holds no PEM certificate: " + openssl_errors());
    if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return fail(certificates.place + ": " + openssl_errors());
    while (X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1)
            return fail(certificates.place + ": " + openssl_errors());
        [[maybe_unused]] const auto* owned_by_context = next.release();
    }
    ERR_clear_error();

    const auto key_bio = bio_over(key.text);
    const KeyPtr private_key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
    if (!private_key) return fail(key.place + ": holds no PEM private key without a passphrase: " + openssl_errors());
    if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
        return fail(key.place + ": does not belong to the certificate in " + certificates.place + ": " +
                    openssl_errors());
    }
    return {};
}

int select_h2(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
              unsigned int offered_size, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, h2.data(), h2.size(), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        log::info("a client that speaks HTTP/1.1 only was turned away: this server speaks HTTP/2");
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<Context> client_context(const Access& access) {
    auto context = TRY(new_context(TLS_client_method()));
    SSL_CTX_set_alpn_protos(context.get(), h2.data(), h2.size());
    if (access.insecure_skip_tls_verify) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    } else {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        if (access.certificate_authority.empty()) {
            SSL_CTX_set_default_verify_paths(context.get());
        } else {
            TRY_VOID(trust(context.get(), TRY(read(access.certificate_authority, "certificate authority"))));
        }
    }
    if (access.client_certificate.empty() != access.client_key.empty()) {
        return fail(
            "a client certificate and its key come together: one of client-certificate and client-key is missing");
    }
    if (!access.client_certificate.empty()) {
        TRY_VOID(show(context.get(), TRY(read(access.client_certificate, "client certificate")),
                      TRY(read(access.client_key, "client key"))));
    }
    return context;
}

Result<Context> proxy_context(const Material& authorities) {
    auto context = TRY(new_context(TLS_client_method()));
    SSL_CTX_set_alpn_protos(context.get(), http1.data(), http1.size());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_verify_paths(context.get());
    if (!authorities.empty()) {
        TRY_VOID(trust(context.get(), TRY(read(authorities, "certificate authority"))));
    }
    return context;
}

SslPtr client_ssl(const Context& context, const std::string& name, bool verify) {
    SslPtr ssl(SSL_new(context.get()));
    const bool address = is_address(name);
    if (!verify) {
        SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
    } else if (address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
    } else {
        SSL_set1_host(ssl.get(), name.c_str());
    }
    if (!address) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    SSL_set_connect_state(ssl.get());
    return ssl;
}

Result<Context> server_context(const ServerIdentity& identity) {
    auto context = TRY(new_context(TLS_server_method()));
    SSL_CTX_set_alpn_select_cb(context.get(), select_h2, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    TRY_VOID(show(context.get(), {identity.certificate_pem, "the server's certificate"},
                  {identity.key_pem, "the server's key"}));
    if (!identity.client_ca_pem.empty()) {
        TRY_VOID(trust(context.get(), {identity.client_ca_pem, "the client certificate authority"}));
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        // Resumed sessions with client certificates need a context id; without one they are refused.
        SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
        static constexpr std::array<unsigned char, 8> id = {'m', 'o', 'o', 'n', 't', 'i', 'd', 'e'};
        SSL_CTX_set_session_id_context(context.get(), id.data(), id.size());
    }
    return context;
}

}  // namespace moontide::kube::tls
