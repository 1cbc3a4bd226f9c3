// Texts of JSON that somebody else wrote: what is missing, or is no text, is empty. Without state: any thread.
#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace moontide::kube {

/// The member's text; empty where `object` has no such member, or is no object.
std::string text_at(const nlohmann::json& object, const char* key);

}  // namespace moontide::kube
