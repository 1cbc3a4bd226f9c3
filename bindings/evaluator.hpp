// A policy::Evaluator over a compiled table; Lua runs only where a function stands.
#pragma once

#include "bindings/functions.hpp"
#include "policy/policy.hpp"

#include <memory>

namespace moontide::bindings {

std::unique_ptr<policy::Evaluator> make_evaluator(std::shared_ptr<const LoadedPolicy> policy);

/// Resolves the selections that are the same for all objects. Part of loading.
Result<void> resolve_constants(LoadedPolicy& policy);

}  // namespace moontide::bindings
