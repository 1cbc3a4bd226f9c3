#include "store/verdict.hpp"

#include <algorithm>
#include <array>

namespace moontide::store {

Verdict verdict_on(std::string_view sqlstate) {
    // undefined_table, undefined_column, undefined_function (another type), invalid_schema_name, cached plan, unknown
    // prepared statement (a pooler gave us another session), read_only_sql_transaction (the primary is another server
    // by now)
    constexpr std::array<std::string_view, 7> stale = {"42P01", "42703", "42883", "3F000", "0A000", "26000", "25006"};
    if (std::ranges::find(stale, sqlstate) != stale.end()) return Verdict::stale;

    // lock_not_available, query_canceled (it took too long), serialization_failure, deadlock_detected
    constexpr std::array<std::string_view, 4> later = {"55P03", "57014", "40001", "40P01"};
    if (std::ranges::find(later, sqlstate) != later.end()) return Verdict::later;

    // Connection, transaction state, login, catalog, access rules, resources (disk full), intervention,
    // system errors, configuration.
    constexpr std::array<std::string_view, 9> server = {"08", "25", "28", "3D", "42", "53", "57", "58", "F0"};
    if (std::ranges::find(server, sqlstate.substr(0, 2)) != server.end()) return Verdict::server;
    return Verdict::row;
}

}  // namespace moontide::store
