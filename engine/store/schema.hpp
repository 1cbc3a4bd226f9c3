// The table: is it there, is it ours to use, and how it comes to be.
#pragma once

#include "base/result.hpp"
#include "store/connection.hpp"

#include <string>

namespace moontide::store {

/// What came of it.
struct Readiness {
    bool made = false;      ///< it was not there
    std::string complaint;  ///< empty: it can be used
};

/// Makes the table where it is not, adds what it lacks where that can be added, and records the version where the
/// role may. Safe to run again and by several at once. A table that is as it must be costs one round trip and is not
/// touched.
Result<Readiness> make_ready(Connection& connection);

}  // namespace moontide::store
