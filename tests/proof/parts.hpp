// Parts that a policy with `existing = "merge"` has in somebody's object: what a history is asked about them.
#pragma once

#include "terms.hpp"

#include <set>
#include <string>

namespace moontide::proof {

using Keys = std::set<std::string>;  ///< of data

/// It carries the claim of a part of this instance's.
bool has_part(const Terms& terms, const Json& object);
/// Every key that is wished for is there with its value.
bool holds(const Json& object, const Json& wished);
/// What a part must leave as it is: all but those keys, our marks, and what the server writes by itself.
Json others_of(const Json& object, const Keys& keys);
/// Those of the keys that the object has and nobody wishes for any more.
Keys leftovers(const Json& object, const Json& wished, const Keys& keys);

}  // namespace moontide::proof
