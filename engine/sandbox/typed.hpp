// Objects walked along their shapes: which fields they have, how two of them differ, what one laid over another gives,
// and what is left when fields go. The rules are those of structured-merge-diff, so that the sets of fields in
// metadata.managedFields come out as the real server's do.
// https://github.com/kubernetes-sigs/structured-merge-diff/tree/master/typed
#pragma once

#include "sandbox/field_set.hpp"
#include "sandbox/shape.hpp"
#include "sandbox/status.hpp"

#include <expected>
#include <string>
#include <vector>

namespace moontide::sandbox {

FieldSet fields_of(const Json& value, const Shape& shape);

struct Comparison {
    FieldSet added;
    FieldSet modified;
    FieldSet removed;
};
Comparison compare(const Json& before, const Json& after, const Shape& shape);

/// `applied` over `live`: what both have is merged as far as the shape allows, otherwise `applied` counts.
Json laid_over(const Json& live, const Json& applied, const Shape& shape);

/// `value` less these fields; what has lost all that it had is null.
Json without(const Json& value, const FieldSet& gone, const Shape& shape);

/// The same set, with every struct's field in it of which it has something.
FieldSet with_structs(const FieldSet& set, const Shape& shape);

/// The step of a list's element; an error where it has none.
std::expected<std::string, std::string> step_of(const Json& element, const Shape& list);

}  // namespace moontide::sandbox
