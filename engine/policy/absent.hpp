// Sources that are named one by one and are not there: what an owner waits for.
#pragma once

#include "kube/resource.hpp"
#include "policy/selection.hpp"

#include <functional>
#include <string>
#include <vector>

namespace moontide::policy {

/// Of selections that say each name and namespace in full, those objects that `is_selected` denies, in words:
/// "ConfigMap infra/ca does not exist". Where a selection allows several kinds, one of them is enough.
std::vector<std::string> absent(const std::vector<Selection>& selections,
                                const std::function<bool(const kube::Ref&)>& is_selected);

}  // namespace moontide::policy
