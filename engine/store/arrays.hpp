// Arrays of texts as PostgreSQL's binary parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::store {

/// text[] as array_recv reads it (src/backend/utils/adt/arrayfuncs.c): nothing needs to be escaped, so nothing can
/// break out.
std::string binary_array(const std::vector<std::optional<std::string_view>>& texts);

}  // namespace moontide::store
