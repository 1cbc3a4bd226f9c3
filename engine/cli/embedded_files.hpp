// Files of the project that the subcommands print or load, as the build embedded them.
#pragma once

#include "base/embedded.hpp"

namespace moontide::cli {

/// deploy/crds/*.yaml.
std::vector<EmbeddedFile> crd_files();
/// The manifests and stories of examples/, of those that the demo tells.
std::vector<EmbeddedFile> demo_manifests();

}  // namespace moontide::cli
