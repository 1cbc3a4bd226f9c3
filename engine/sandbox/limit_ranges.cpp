#include "sandbox/limit_ranges.hpp"

#include "sandbox/json_at.hpp"

namespace moontide::sandbox {

void default_limit_range(Json& range) {
    const auto spec = range.find("spec");
    if (spec == range.end() || !spec->contains("limits")) return;
    for (auto& item : (*spec)["limits"]) {
        if (text_at(item, "type") != "Container") continue;
        const auto fill = [&](const char* target, const char* from) {
            // A copy, since the item may grow.
            const auto values = at(item, from);
            for (const auto& [resource, amount] : values.items()) {
                if (!item[target].is_object()) item[target] = Json::object();
                set_missing(item[target], resource.c_str(), amount);
            }
        };
        fill("default", "max");
        fill("defaultRequest", "default");
        fill("defaultRequest", "min");
    }
}

}  // namespace moontide::sandbox
