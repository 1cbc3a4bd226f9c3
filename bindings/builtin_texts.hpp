// The policies' texts as the build embedded them; read through builtin_policies() of load.hpp.
#pragma once

#include <string_view>
#include <vector>

namespace moontide::bindings {

struct BuiltinText {
    std::string_view name;
    std::string_view file;  ///< relative to the project, for messages
    std::string_view text;
};

std::vector<BuiltinText> builtin_texts();

}  // namespace moontide::bindings
