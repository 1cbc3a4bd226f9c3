// Plans from seeds.
#pragma once

#include "plan.hpp"

#include <cstdint>

namespace moontide::plans {

/// 10 to 30 actions and, of five plans, four with faults. A seed gives the same plan on any machine.
Plan draw(std::uint64_t seed);

}  // namespace moontide::plans
