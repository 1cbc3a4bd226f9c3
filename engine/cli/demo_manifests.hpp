// The manifests of examples/annotation-sync as the build embedded them.
#pragma once

#include <string_view>
#include <vector>

namespace moontide::cli {

struct DemoManifest {
    std::string_view file;  ///< relative to the project, for messages
    std::string_view text;
};

std::vector<DemoManifest> demo_manifests();

}  // namespace moontide::cli
