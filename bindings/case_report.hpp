// What a case wanted against what the policy made of it, in lines for people.
#pragma once

#include "bindings/case_run.hpp"

#include <string>
#include <vector>

namespace moontide::bindings {

/// Empty where all is as wanted. In differences `-` is what the case wants, `+` what the policy makes.
std::vector<std::string> differences(const Case& one, const CaseOutcome& outcome);

}  // namespace moontide::bindings
