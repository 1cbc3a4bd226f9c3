#include "kube/certificate.hpp"

#include "kube/connection_url.hpp"
#include "kube/tls_openssl.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace moontide::kube {

namespace {

using tls::openssl_errors;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, tls::FreeBy<X509_EXTENSION_free>>;

struct Subject {
    std::string common_name;
    std::vector<std::string> organisations;
};

/// An extension in OpenSSL's configuration syntax.
struct Extension {
    int id;
    std::string value;
};

std::string alternative_names(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) text += ',';
        text += (is_address(name) ? "IP:" : "DNS:") + name;
    }
    return text;
}

/// The syntax separates by commas and colons, so a name with one would say something else.
bool is_plain_name(const std::string& name) {
    return !name.empty() && (is_address(name) || std::ranges::all_of(name, [](unsigned char c) {
                                 return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '*' || c == '_';
                             }));
}

bool add_entry(X509_NAME* name, const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
}

template <typename Write>
std::string pem_of(Write&& write) {
    const tls::BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || write(bio.get()) != 1) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// Signed by `issuer` with `issuer_key`; by itself where `issuer` is null.
Result<tls::X509Ptr> make_certificate(const Subject& subject, EVP_PKEY* key, const std::vector<Extension>& extensions,
                                      std::chrono::seconds lifetime, X509* issuer, EVP_PKEY* issuer_key) {
    tls::X509Ptr certificate(X509_new());
    X509* raw = certificate.get();
    std::uint64_t serial = 0;
    if (raw == nullptr || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial >> 1) != 1 || X509_set_version(raw, 2) != 1) {
        return fail("cannot make a certificate: " + openssl_errors());
    }
    // An hour and a day back, so that a clock that is behind ours, and an expired one, still have begun.
    X509_gmtime_adj(X509_getm_notBefore(raw), -(25L * 3600));
    X509_gmtime_adj(X509_getm_notAfter(raw), static_cast<long>(lifetime.count()));

    X509_NAME* name = X509_get_subject_name(raw);
    bool fine = add_entry(name, "CN", subject.common_name);
    for (const auto& organisation : subject.organisations) fine = fine && add_entry(name, "O", organisation);
    fine = fine && X509_set_issuer_name(raw, issuer != nullptr ? X509_get_subject_name(issuer) : name) == 1 &&
           X509_set_pubkey(raw, key) == 1;

    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : raw, raw, nullptr, nullptr, 0);
    for (const auto& extension : extensions) {
        const ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, &context, extension.id, extension.value.c_str()));
        fine = fine && made != nullptr && X509_add_ext(raw, made.get(), -1) == 1;
    }
    if (!fine || X509_sign(raw, issuer_key, EVP_sha256()) == 0) {
        return fail("cannot make a certificate for '" + subject.common_name + "': " + openssl_errors());
    }
    return certificate;
}

}  // namespace

struct CertificateAuthority::Implementation {
    tls::X509Ptr certificate;
    tls::KeyPtr key;
    std::string pem;

    Result<Certificate> issue(const Subject& subject, const std::vector<Extension>& extensions,
                              std::chrono::seconds lifetime) const {
        const tls::KeyPtr own(EVP_EC_gen("P-256"));
        if (!own) return fail("cannot make a key: " + openssl_errors());
        const auto made = TRY(make_certificate(subject, own.get(), extensions, lifetime, certificate.get(), key.get()));
        return Certificate{pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); }), pem_of([&](BIO* bio) {
                               return PEM_write_bio_PrivateKey(bio, own.get(), nullptr, nullptr, 0, nullptr, nullptr);
                           })};
    }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::make(const std::string& common_name) {
    auto self = std::make_unique<Implementation>();
    self->key.reset(EVP_EC_gen("P-256"));
    if (!self->key) return fail("cannot make a key: " + openssl_errors());
    self->certificate = TRY(make_certificate({common_name, {}}, self->key.get(),
                                             {{NID_basic_constraints, "critical,CA:TRUE"},
                                              {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                              {NID_subject_key_identifier, "hash"}},
                                             std::chrono::days(3650), nullptr, self->key.get()));
    self->pem = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, self->certificate.get()); });
    return CertificateAuthority(std::move(self));
}

const std::string& CertificateAuthority::certificate_pem() const {
    return self_->pem;
}

Result<Certificate> CertificateAuthority::issue_server(const std::vector<std::string>& names,
                                                       std::chrono::seconds lifetime) const {
    if (names.empty()) return fail("a server certificate needs at least one name or address");
    for (const auto& name : names) {
        if (!is_plain_name(name)) return fail("'" + name + "' is neither a DNS name nor an address");
    }
    return self_->issue({names.front(), {}},
                        {{NID_basic_constraints, "critical,CA:FALSE"},
                         {NID_key_usage, "critical,digitalSignature"},
                         {NID_ext_key_usage, "serverAuth"},
                         {NID_authority_key_identifier, "keyid"},
                         {NID_subject_alt_name, alternative_names(names)}},
                        lifetime);
}

Result<Certificate> CertificateAuthority::issue_client(const std::string& common_name,
                                                       const std::vector<std::string>& organisations,
                                                       std::chrono::seconds lifetime) const {
    return self_->issue({common_name, organisations},
                        {{NID_basic_constraints, "critical,CA:FALSE"},
                         {NID_key_usage, "critical,digitalSignature"},
                         {NID_ext_key_usage, "clientAuth"},
                         {NID_authority_key_identifier, "keyid"}},
                        lifetime);
}

}  // namespace moontide::kube
