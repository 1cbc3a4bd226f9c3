// Parts that policies with `existing = "merge"` have in somebody's object: what a history is asked about them.
#pragma once

#include "terms.hpp"

#include <map>
#include <set>
#include <string>

namespace moontide::proof {

using Keys = std::set<std::string>;

inline constexpr const char* WHOLE_MANAGER = "moontide";  ///< of copies that are ours whole, or made for others to join

/// What parts may say of an object: keys of data and binaryData, and labels.
struct Offered {
    Keys keys;
    Keys labels;
};

/// It carries the claim of a part, whoever's, and for whatever place.
bool carries_part(const Json& object);
/// The claims of this instance's parts in it, by the part's id; those for another place are a clone's.
std::map<std::string, Json> parts_of(const Terms& terms, const Json& object);
/// Those of `after` that `before`, which may be null, has not.
std::map<std::string, Json> joined_parts(const Terms& terms, const Json* before, const Json& after);
/// The field manager of a part.
std::string manager_of_part(const std::string& id);

/// Every key that is wished for is there with its value.
bool holds(const Json& object, const Json& wished);
/// What a part must leave as it is: all but those keys, our marks, and what the server writes by itself.
Json others_of(const Json& object, const Offered& offered);
/// Without what a user's manager has in the object: no part changes that.
Offered without_users(Offered offered, const Json& object);
/// Those of the keys that the object has and nobody wishes for any more.
Keys leftovers(const Json& object, const Json& wished, const Keys& keys);

/// Another manager than that one has a field that is wished for, with another value: it is not forced.
bool is_opposed(const Json& object, const Wish& wish, const std::string& manager);
/// The content of a copy of ours, without the keys that are not wished for and that another manager than ours has.
Json own_content_of(const Json& copy, const Json& wished);
/// The keys that this manager alone has there and that are not wished for.
Keys superfluous(const Json& object, const Json& wished, const std::string& manager);

}  // namespace moontide::proof
