#include "kube/tls_openssl.hpp"

#include <utility>

#include <openssl/err.h>

namespace moontide::kube::tls {

std::string openssl_errors() {
    std::string text;
    const char* data = nullptr;
    int flags = 0;
    while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
        const char* reason = ERR_reason_error_string(code);
        std::string one = reason != nullptr ? reason : "error " + std::to_string(code);
        if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0')
            one.append(" (").append(data).append(")");
        if (!text.empty()) one.append(": ").append(text);
        text = std::move(one);
    }
    return text.empty() ? "unknown TLS error" : text;
}

BioPtr bio_over(const std::string& text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace moontide::kube::tls
