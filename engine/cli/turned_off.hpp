// Owners that wait for a policy which is turned off are told about: nobody takes its finalizer off them.
#pragma once

#include "cli/policies.hpp"
#include "kube/kubeconfig.hpp"

#include <string>
#include <thread>
#include <vector>

namespace moontide::cli {

/// Looks once, on a thread of its own, and logs. `names` are of policies among `texts`; nothing is asked for where none
/// of them has a finalizer.
std::jthread tell_of_owners_left(const std::vector<std::string>& names, const PolicyTexts& texts,
                                 const Bindings& bindings, const kube::Access& access);

}  // namespace moontide::cli
