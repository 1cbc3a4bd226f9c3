// Texts as they are compared: without capitals, without spaces around them. Without state: any thread.
#pragma once
#include <string>
#include <string_view>

namespace moontide::sandbox {

/// ASCII letters in lower case.
std::string lower(std::string text);
/// Without the spaces before and after; a view into `text`.
std::string_view trimmed(std::string_view text);

}  // namespace moontide::sandbox
