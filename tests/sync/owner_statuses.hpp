// What owners are told in their status, and waiting for it. Called by the tests' own thread.
#pragma once

#include "world.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace moontide::test {

/// Empty where there is none, or no such owner.
Json status_of(World& world, const kube::Ref& owner);
/// Empty where there is none of that type.
Json condition_of(const Json& status, const std::string& type);
std::int64_t generation_of(World& world, const kube::Ref& owner);

/// Waits until this holds of the status, and gives it back.
Json await_status(World& world, const kube::Ref& owner, const std::string& what,
                  const std::function<bool(const Json&)>& holds, Where where = Where::current());
/// Waits until the condition has these fields, and gives the whole status back.
Json await_condition(World& world, const kube::Ref& owner, const std::string& type, const Json& fields,
                     Where where = Where::current());
/// Waits until Ready has that reason, and gives the whole status back.
Json await_ready(World& world, const kube::Ref& owner, const std::string& reason, Where where = Where::current());
/// The same, of the owner as it stands now.
Json await_observed(World& world, const kube::Ref& owner, const std::string& reason, Where where = Where::current());

}  // namespace moontide::test
