// YAML to JSON and back, bounded against what yaml-cpp's tree would not survive.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

using Json = nlohmann::json;

/// One document, YAML 1.2 core schema (only true and false are booleans). At most 64 deep and 100,000 values, aliases
/// counted as what they stand for; an alias within its own anchor is an error, and so is a key twice.
Result<nlohmann::json> parse_yaml(std::string_view text);

/// Block style, keys in order, texts quoted where another type could be read.
std::string yaml_text(const nlohmann::json& value);

}  // namespace moontide::bindings
