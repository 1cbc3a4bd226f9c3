// YAML to JSON as sigs.k8s.io/yaml reads it, bounded against what a text of somebody else could blow up. Any thread.
#pragma once

#include "base/result.hpp"

#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::templates {

/// The first document. At most 64 deep, 100,000 values and 8 MiB, aliases counted as what they stand for. Scalars by
/// YAML 1.1; a key may be a number or boolean; of a key that is there twice the last one counts. Merge keys (<<) are
/// refused.
Result<nlohmann::json> read_yaml(std::string_view text);

}  // namespace moontide::templates
