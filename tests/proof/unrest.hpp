// What is not as it should be, of what the API server holds now.
#pragma once

#include "mirror.hpp"
#include "terms.hpp"

#include <string>
#include <vector>

namespace moontide::proof {

/// What is not as the terms want it; nothing at rest. `more`: what mirrors do not show, owners and pods. Any thread.
std::string unrest(const std::map<kube::Ref, Json>& objects, const Terms& terms, const std::vector<Json>& more = {});

}  // namespace moontide::proof
