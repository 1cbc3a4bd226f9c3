#include "kube/credentials_base64.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace moontide::kube {

std::string to_base64(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string plain(text);
    std::erase_if(plain, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
    std::string out(plain.size() / 4 * 3 + 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    if (size < 0 || plain.size() % 4 != 0) return std::nullopt;
    // The decoder counts the padding as bytes.
    const auto padding = plain.size() - std::min(plain.find('='), plain.size());
    if (padding > 2) return std::nullopt;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

}  // namespace moontide::kube
