// Selections as they are written, made concrete for the objects in hand.
#pragma once

#include "bindings/evaluation.hpp"
#include "policy/selection.hpp"

#include <string>
#include <variant>
#include <vector>

namespace moontide::bindings {

/// Those that select something; what the others are waiting for goes to `waiting`.
Result<std::vector<policy::Selection>> resolve(const std::vector<SelectionShape>& shapes, Evaluation& evaluation,
                                               std::vector<std::string>& waiting);

/// The targets that an `into` function returned.
Result<std::vector<policy::Target>> targets_of(const Function& function, Evaluation& evaluation);

/// The objects that a selection of `with` names.
Result<policy::Companions> companions_of(const CompanionShape& shape, Evaluation& evaluation,
                                         std::string_view home_namespace);

}  // namespace moontide::bindings
