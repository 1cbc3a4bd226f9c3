// What an SQLSTATE means for the rows that were sent.
#pragma once

#include <string_view>

namespace moontide::store {

enum class Verdict {
    row,     ///< this row will not be taken as it is
    later,   ///< somebody is in the way of this row
    server,  ///< nothing can be written now
    stale,   ///< the table or the session is not what was prepared for
};

/// https://www.postgresql.org/docs/current/errcodes-appendix.html
Verdict verdict_on(std::string_view sqlstate);

}  // namespace moontide::store
