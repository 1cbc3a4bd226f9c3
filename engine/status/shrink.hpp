// Makes a status fit: whole lists, then the first ones of the longest.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace moontide::status {

/// Cuts lists, the largest first, and where that does not help takes fields out, until `value` and `beside` further
/// bytes take no more than `most`. Returns what was cut: "syncedNamespaces has the first 4000 of 20000"; empty:
/// nothing.
std::string shrink(nlohmann::json& value, std::size_t beside, std::size_t most);

}  // namespace moontide::status
