// YAML as kubectl and the API server read it: YAML 1.1, turned into JSON.
#pragma once

#include "base/result.hpp"
#include "sandbox/status.hpp"

#include <string>
#include <vector>

namespace moontide::sandbox {

struct YamlDocument {
    Json tree;
    int line = 1;                         ///< where it begins
    std::vector<std::string> duplicates;  ///< paths of keys that stand there twice; the last one counts
    std::vector<std::string> notes;  ///< the same in the words of Go's decoder: `line 5: key "data" already set in map`
};

/// All documents that are not empty. Errors name `file` and line. Aliases that blow up, and depth beyond 128, are
/// errors.
Result<std::vector<YamlDocument>> read_yaml(const std::string& text, const std::string& file);

}  // namespace moontide::sandbox
