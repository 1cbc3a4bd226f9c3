// Evaluates a policy on the objects of one case, as the engine would, without a server.
#pragma once

#include "bindings/case_file.hpp"
#include "policy/policy.hpp"
#include "policy/want.hpp"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

/// What a policy made of a case.
struct CaseOutcome {
    std::vector<nlohmann::json> copies;  ///< as flat_copy() makes them, in the order of namespace, kind and name
    std::vector<policy::Refusal> refusals;
    std::vector<std::string> waiting;
    std::vector<std::string> errors;  ///< of a unit, and of single evaluations
    std::vector<std::string> warnings;
    /// Of each owner, by "namespace/name", as the engine would write it once all copies are made.
    std::vector<std::pair<std::string, nlohmann::json>> statuses;
};

CaseOutcome run_case(const policy::Policy& policy, const Case& one);

}  // namespace moontide::bindings
