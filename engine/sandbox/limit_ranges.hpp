// What the registry makes of a LimitRange. It limits nothing here.
#pragma once

#include "sandbox/status.hpp"

namespace moontide::sandbox {

/// Containers' defaults follow from their limits, their requests from the defaults.
void default_limit_range(Json& range);

}  // namespace moontide::sandbox
