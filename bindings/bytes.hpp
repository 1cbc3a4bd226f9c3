// Base64 and SHA-256, as Kubernetes' data and our digests have them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moontide::bindings {

/// RFC 4648 section 4, padded.
std::string base64(std::string_view bytes);
/// Nothing where the text is not base64; line breaks are passed over.
std::optional<std::string> base64_decoded(std::string_view text);
/// Hex digits.
std::string sha256(std::string_view bytes);

}  // namespace moontide::bindings
