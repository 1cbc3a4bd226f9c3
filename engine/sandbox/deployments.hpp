// What the registry makes of Deployments and ReplicaSets. Nothing rolls them out here.
#pragma once

#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

void default_deployment(Json& deployment);
void default_replica_set(Json& set);
/// Of either; `old` is null for one that is new.
void validate_deployment(const Json& deployment, const Json* old, Complaints& complaints);

/// A LabelSelector in the form that queries have: "a=b,c in (d,e)".
std::string selector_text(const Json& selector);

}  // namespace moontide::sandbox
