// What the registry makes of a CustomResourceDefinition: defaults, refusals, the begin of its deletion.
#pragma once

#include "base/clock.hpp"
#include "sandbox/status.hpp"

namespace moontide::sandbox::definition {

inline constexpr auto* CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

void set_defaults(Json& definition);
/// `old` is null for one that is new.
void validate(const Json& definition, const Json* old, Complaints& complaints);

/// Marks it for deletion; its instances go first.
void begin_deletion(Json& definition, WallTime now);

/// Puts the condition in its place; its time moves with its status.
void set_condition(Json& definition, const char* type, bool status, const char* reason, const std::string& message,
                   WallTime now);
bool has_condition(const Json& definition, const char* type);

}  // namespace moontide::sandbox::definition
