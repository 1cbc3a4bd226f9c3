// Carries one job out.
#pragma once

#include "base/result.hpp"
#include "store/connection.hpp"
#include "store/job.hpp"

namespace moontide::store {

/// What carry_out() runs, prepared once a session. A Refusal where the table is not as it must be.
Result<std::optional<Refusal>> prepare_statements(Connection& connection);

/// One statement for all rows. Where the database refuses it, halves of it, until the rows that are refused stand
/// alone: two statements for each halving, and all others are written. An Error: the connection is lost, and each of
/// the rows may or may not be written; doing the job again makes it so.
Result<Outcome> carry_out(Connection& connection, const Job& job);

}  // namespace moontide::store
