// Whether what somebody applies fits the shape of its kind, in the words of structured-merge-diff.
#pragma once

#include "sandbox/shape.hpp"
#include "sandbox/status.hpp"

#include <string>
#include <vector>

namespace moontide::sandbox {

/// What is wrong: `.data.k: expected string, got ...`; empty where nothing is.
std::vector<std::string> faults_of(const Json& value, const Shape& shape);

}  // namespace moontide::sandbox
