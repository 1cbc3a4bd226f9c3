// CustomResourceDefinitions, those of deploy/crds and the tests' own, put on the API server under test. Called by the
// tests' own thread.
#pragma once

#include "world.hpp"

#include <string>

namespace moontide::test {

/// Fine where it is there; returns when the API serves it.
void serve_kind(World& world, const Json& definition);
/// "group_plural", of deploy/crds. Fine where it is there; returns when the API serves it.
void serve_definition(World& world, const std::string& file);

}  // namespace moontide::test
