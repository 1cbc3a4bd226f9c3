#include "source_directory.hpp"

namespace moontide::test {

const std::string& source_directory() {
    static const std::string directory = MOONTIDE_SOURCE_DIR;
    return directory;
}

}  // namespace moontide::test
