#include "watch/scope.hpp"

#include <fmt/format.h>

namespace moontide::watch {

std::string Scope::text() const {
    std::string text = resource.plural;
    if (!resource.kind.group().empty()) text += fmt::format(".{}", resource.kind.group());
    if (!namespace_name.empty()) text += fmt::format(" in {}", namespace_name);
    if (!label_selector.empty()) text += fmt::format(" with {}", label_selector);
    if (!field_selector.empty()) text += fmt::format(" where {}", field_selector);
    return text;
}

}  // namespace moontide::watch
