// Owners for OpenSSL's objects, and what its error queue says.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace moontide::kube::tls {

template <auto function>
struct FreeBy {
    template <typename T>
    void operator()(T* object) const {
        function(object);
    }
};

using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using SslPtr = std::unique_ptr<SSL, FreeBy<SSL_free>>;

/// Empties the calling thread's error queue and returns what it said, the last error first.
std::string openssl_errors();

/// Reads from `text`, which must outlive it.
BioPtr bio_over(const std::string& text);

/// PEM reading asks this for a passphrase: there is nobody to type one, so an encrypted key is an error.
int no_passphrase(char* buffer, int size, int writing, void* user);

}  // namespace moontide::kube::tls
