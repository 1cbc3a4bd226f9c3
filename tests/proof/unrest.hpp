// What is not as it should be, of what the API server holds now.
#pragma once

#include "mirror.hpp"
#include "terms.hpp"

#include <string>

namespace moontide::proof {

/// What is not as the terms want it; nothing at rest. Any thread.
std::string unrest(const test::Objects& objects, const Terms& terms);

}  // namespace moontide::proof
