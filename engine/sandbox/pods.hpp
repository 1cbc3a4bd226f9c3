// What the registry makes of a pod, and of the pods that others describe.
#pragma once

#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox {

void default_pod(Json& pod);
/// Of a pod or of a template of pods.
void default_pod_spec(Json& spec);

/// `field` is "spec" or "spec.template.spec".
void validate_pod_spec(const Json& spec, const std::string& field, Complaints& complaints);

}  // namespace moontide::sandbox
