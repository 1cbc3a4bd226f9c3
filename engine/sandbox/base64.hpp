// Base64 with padding (RFC 4648), as JSON carries bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::sandbox {

std::string base64(std::string_view bytes);
/// Without padding and for URLs, as continue tokens are.
std::string base64_url(std::string_view bytes);
/// Either form; nothing where the text is not base64.
std::optional<std::string> from_base64(std::string_view text);
/// The place of the first byte that Go's decoder complains of; nothing where it does not. Line breaks are skipped.
std::optional<std::size_t> base64_error(std::string_view text);

}  // namespace moontide::sandbox
