// A file that the build made part of the binary; moontide_embed() of cmake/rooms.cmake makes the functions that give
// them. Any thread.
#pragma once

#include <string_view>
#include <vector>

namespace moontide {

struct EmbeddedFile {
    std::string_view file;  ///< relative to the project, for messages
    std::string_view text;
};

}  // namespace moontide
