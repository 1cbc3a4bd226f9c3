// What a plain scalar means to Go's YAML 1.1 (go.yaml.in/yaml/v2 resolve.go): yes and on are booleans, 0644 is octal.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::templates {

enum class Scalar { text, null, boolean, integer, real, not_finite, timestamp };

struct Resolved {
    Scalar scalar;
    nlohmann::json value;  ///< the text itself where JSON has no such value
};

Resolved resolved(std::string_view plain);

/// 1:30, which other parsers take for a number in base 60.
bool base_sixty(std::string_view text);

}  // namespace moontide::templates
