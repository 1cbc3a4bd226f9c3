// Plans from seeds.
#pragma once

#include "plan.hpp"

#include <cstdint>

namespace moontide::plans {

/// 10 to 30 actions and, of five plans, four with faults. A seed gives the same plan on any machine.
Plan draw(std::uint64_t seed);
/// The same for a policy with owners; for annotation_sync, draw(seed).
Plan draw(Policy policy, std::uint64_t seed);

/// "configmap-syncer/17"; "17" is annotation-sync's.
std::string name_of_draw(const Plan& plan);
std::optional<Plan> draw_named(const std::string& name);

}  // namespace moontide::plans
