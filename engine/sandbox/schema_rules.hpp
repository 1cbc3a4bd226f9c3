// Whether the schema of a CustomResourceDefinition is structural.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
#pragma once

#include "sandbox/status.hpp"

#include <string>

namespace moontide::sandbox::definition {

void check_schema(const Json& schema, const std::string& field, Complaints& complaints);

}  // namespace moontide::sandbox::definition
