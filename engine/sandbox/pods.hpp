// What the registry makes of a pod, and of the pods that others describe.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

void default_pod(Json& pod);
/// Of a pod or of a template of pods.
void default_pod_spec(Json& spec);

/// `field` is "spec" or "spec.template.spec".
void validate_pod_spec(const Json& spec, const std::string& field, Complaints& complaints);

/// The container that is meant where a request names this one, or none.
Outcome<std::string> container_of(const Json& pod, const std::string& named);

/// What asks for a pod to go.
const KindRow& eviction_kind();

}  // namespace moontide::sandbox
