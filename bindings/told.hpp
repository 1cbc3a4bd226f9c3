// What a policy tells of an owner and keeps beside the cluster: the slots `status` and `store`.
#pragma once

#include "bindings/evaluation.hpp"
#include "kube/resource.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace moontide::bindings {

/// What the function returned, checked: a map, whose `conditions` are a list with a type each. Nil is no fields.
Result<Json> status_of(const Function& function, Evaluation& evaluation);

/// The words in quotes that can be a condition's type: capitals first. With them it is known after a restart too which
/// conditions in a status are the policy's own.
std::set<std::string> quoted_types(std::string_view text);

/// The Secret that `store` names; nothing where it returns nil or is not there.
Result<std::optional<kube::Ref>> store_of(Evaluation& evaluation);

}  // namespace moontide::bindings
