// JSON as Go's json.Marshal writes it: keys sorted, < > & escaped, bytes that are no UTF-8 replaced. Pure; any thread.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace moontide::templates {

/// The value is at most as deep as the caller's stack allows.
std::string json_text(const nlohmann::json& value);

/// A number of any kind.
std::string json_number(const nlohmann::json& value);

}  // namespace moontide::templates
