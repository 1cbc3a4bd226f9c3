// The key `url` of a Secret: a PostgreSQL URI.
#pragma once

#include "base/result.hpp"
#include "store/settings.hpp"

#include <string>

namespace moontide::store {

/// What the URI (or libpq's keyword=value form) says, unchecked; what it does not say is empty. Parameters that would
/// read files of this process or change the session are refused by name.
Result<Settings> settings_of_url(const std::string& url);

}  // namespace moontide::store
