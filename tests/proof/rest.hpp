// What is not as it should be, of what is there at one moment.
#pragma once

#include "terms.hpp"

#include <map>
#include <string>
#include <vector>

namespace moontide::proof {

/// Objects by their places: of a history at an entry, or of a server now.
using Snapshot = std::map<Place, const Json*>;

struct Wrong {
    Place place;
    std::string what;
    Json wished = Json::object();  ///< the content, where some is
};

/// Copies that are not as they are asked for, that are left over, owners that are held for nothing. Any thread.
std::vector<Wrong> wrongs(const Snapshot& there, const Terms& terms);

}  // namespace moontide::proof
