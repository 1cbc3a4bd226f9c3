#include "apply/dump.hpp"

#include <nlohmann/json.hpp>

namespace moontide::apply {

std::string dump(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace moontide::apply
