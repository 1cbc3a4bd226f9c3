// The addresses of a host, within a time.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace moontide::store {

/// As texts, in the order in which they are to be tried; an address is its own. Gives up at `deadline` or when `stop`
/// is readable; the system's lookup, which cannot be called off, then ends by itself.
Result<std::vector<std::string>> addresses_of(const std::string& host, Instant deadline, int stop);

}  // namespace moontide::store
