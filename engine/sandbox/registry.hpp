// What each kind makes of an object before it is stored: defaults, rules, and what an update may change.
#pragma once

#include "base/clock.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <cstddef>
#include <string_view>

namespace moontide::sandbox {

/// Bytes of all annotations, keys and values.
constexpr std::size_t LARGEST_ANNOTATIONS = 256U << 10;

/// Gives a new object its identity: uid, creation time, namespace, a generated name.
void give_identity(const KindRow& kind, Json& object, std::string_view namespace_name, WallTime now);

/// What the status of a new object says.
Json first_status(const KindRow& kind);

/// Kind's own defaults; empty maps that are never written go.
void set_defaults(const KindRow& kind, Json& object);

/// What the server adds on its own to an object that is to be created; it belongs to no manager.
void allocate(const KindRow& kind, Json& object);

/// Of an object that is to be created.
void validate(const KindRow& kind, const Json& object, Complaints& complaints);

/// Keeps of `object` what an update through this subresource ("" for none) may change, and the rest of `old`.
void keep_what_stays(const KindRow& kind, std::string_view subresource, Json& object, const Json& old);
void validate_update(const KindRow& kind, std::string_view subresource, const Json& object, const Json& old,
                     Complaints& complaints);

}  // namespace moontide::sandbox
