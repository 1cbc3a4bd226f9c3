// A failing plan made small: what can be left out while it still fails is left out.
#pragma once

#include "plan.hpp"

#include <cstddef>
#include <functional>

namespace moontide::plans {

/// Actions and fault rules go by halves, then by ever smaller parts down to one by one, until none can go. `fails` is
/// asked at most `most` times.
Plan shrink(Plan plan, const std::function<bool(const Plan&)>& fails, std::size_t most);

}  // namespace moontide::plans
