// Base64 (RFC 4648) of certificates and passwords.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moontide::kube {

std::string to_base64(std::string_view bytes);

/// White space is skipped, padding is required; nothing where it is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace moontide::kube
