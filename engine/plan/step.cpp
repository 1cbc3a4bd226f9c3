#include "plan/step.hpp"

#include <array>

namespace moontide::plan {

std::string_view name(const Step& step) {
    static constexpr std::array<std::string_view, 6> names = {"create",  "replace", "apply",
                                                              "release", "delete",  "look"};
    static_assert(std::variant_size_v<Step> == names.size());
    return names[step.index()];
}

const TargetKey& target(const Step& step) {
    return std::visit([](const auto& any) -> const TargetKey& { return any.target; }, step);
}

}  // namespace moontide::plan
