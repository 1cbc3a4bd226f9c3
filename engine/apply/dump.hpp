// JSON as it is sent, on one line. Without state: any thread.
#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace moontide::apply {

/// Never throws: what is no UTF-8 is replaced.
std::string dump(const nlohmann::json& value);

}  // namespace moontide::apply
