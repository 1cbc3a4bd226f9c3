// The policies that the suite runs.
#pragma once

#include "policy/policy.hpp"
#include "world.hpp"

#include <string>

namespace moontide::test {

/// policies/annotation-sync with another namespace of sources, under another name where two are wanted at once.
policy::PolicyPtr annotation_sync(const std::string& sources, const std::string& name = "annotation-sync");

/// One of policies/, as it is.
policy::PolicyPtr shipped_policy(const std::string& name);

/// A policy written in a test: @SOURCES@ is the World's namespace of sources, @ID@ its id.
policy::PolicyPtr policy_of(const World& world, std::string lua, const std::string& name = "under-test");

}  // namespace moontide::test
