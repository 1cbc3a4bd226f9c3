// The formats of texts that schemas may demand, as the real server's library checks them.
#pragma once

#include <string>
#include <string_view>

namespace moontide::sandbox {

/// False for formats that the server does not know: those are not checked.
bool is_known_format(std::string_view format);
/// `format` is known.
bool has_format(std::string_view format, const std::string& text);

}  // namespace moontide::sandbox
