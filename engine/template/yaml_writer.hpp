// YAML as Helm's toYaml has it: sigs.k8s.io/yaml over go.yaml.in/yaml/v2 (libyaml's emitter). Pure; any thread.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace moontide::templates {

/// Block style, lists at their key's column, keys in Go's natural order, lines folded after column 80, quotes where
/// YAML 1.1 would read another type. Ends with a line break. At most as deep as the caller's stack allows.
std::string yaml_text(const nlohmann::json& value);

}  // namespace moontide::templates
