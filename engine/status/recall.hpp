// Times that a restart has forgotten, found again in the status that is there.
#pragma once

#include "policy/report.hpp"

#include <nlohmann/json.hpp>

namespace moontide::status {

/// Whether a copy is there and nobody here knows when it was written, or a database and nobody knows when a row was:
/// then the status that stands says it.
bool has_forgotten(const policy::Report& report);

/// The report with a mark for each time that is not known: a time that nothing else can be. What the policy makes of it
/// shows where in the status each time stands.
policy::Report with_marks(const policy::Report& report);

/// Fills the unknown times of `report` from `previous`, the status as it is, at the places where `marked`, made of
/// with_marks(), has marks. Elements of lists are the same where their other plain fields are. What is not found is
/// `now`: the first status that tells it; but for a row's, which there may never have been.
void recall(policy::Report& report, const nlohmann::json& marked, const nlohmann::json& previous,
            const std::string& now);

}  // namespace moontide::status
