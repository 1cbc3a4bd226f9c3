// The policies' files as the build embedded them; read through builtin_policies() of load.hpp.
#pragma once

#include "base/embedded.hpp"

namespace moontide::bindings {

std::vector<EmbeddedFile> builtin_files();

}  // namespace moontide::bindings
