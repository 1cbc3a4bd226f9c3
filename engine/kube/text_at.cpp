#include "kube/text_at.hpp"

#include <nlohmann/json.hpp>

namespace moontide::kube {

std::string text_at(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace moontide::kube
