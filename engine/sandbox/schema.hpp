// Objects held against the captured OpenAPI schemas: types, unknown fields, defaults, and how lists are patched.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// The schema behind references; null where there is none.
const Json* resolved(const Json* schema, const Json* schemas);
/// The schema of a property, of a map's values or of a list's elements; null where it is not known.
const Json* property(const Json* schema, const Json* schemas, std::string_view name);
const Json* element(const Json* schema, const Json* schemas);

/// What decoding an object into its kind found.
struct Decoded {
    std::string error;                 ///< a type that does not fit, in Go's words; empty when all fit
    std::vector<std::string> unknown;  ///< paths of fields that the kind does not have
};

/// Makes of `object` what the real server's types can hold: unknown fields and nulls go, missing fields that are
/// always written get their defaults.
Decoded fit(const KindRow& kind, Json& object);
/// The same of an ObjectMeta alone; paths begin with "metadata".
Decoded fit_metadata(Json& metadata);

}  // namespace moontide::sandbox
