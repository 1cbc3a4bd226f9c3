// The definitions of deploy/crds, put on the API server under test. Called by the tests' own thread.
#pragma once

#include "world.hpp"

#include <string>

namespace moontide::test {

/// "group_plural". Fine where it is there; returns when the API serves it.
void serve_definition(World& world, const std::string& file);

}  // namespace moontide::test
