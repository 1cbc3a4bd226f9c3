#include "store/session.hpp"

#include "store/schema.hpp"
#include "store/waiting.hpp"

#include <chrono>
#include <utility>

namespace moontide::store {

namespace {

using namespace std::chrono_literals;

/// The answer's first row, or the refusal as an Error.
Result<std::vector<std::string>> first_row(Answer answer) {
    if (auto* const refusal = std::get_if<Refusal>(&answer)) return fail(std::move(refusal->message), Retry::later);
    std::vector<std::string> row;
    const auto& table = std::get<Table>(answer);
    if (table.empty()) return row;
    for (const auto& value : table.front()) row.push_back(value.value_or(""));
    return row;
}

}  // namespace

Result<Session> Session::open(const Settings& settings, const Limits& limits, int stop, std::vector<Backend>& earlier) {
    Session session(TRY(Connection::open(settings, limits, stop)));
    while (!earlier.empty()) {
        TRY_VOID(session.end(earlier.back(), limits, stop));
        earlier.pop_back();
    }
    TRY_VOID(session.prepare());
    return session;
}

Result<void> Session::end(const Backend& backend, const Limits& limits, int stop) {
    const auto deadline = std::chrono::steady_clock::now() + limits.answer;
    for (;;) {
        auto answer =
            TRY(connection_.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                " WHERE pid = $1::int AND backend_start = $2::timestamptz",
                                {backend.pid, backend.started}));
        const auto still = TRY(first_row(std::move(answer)));
        if (still.empty()) return {};
        const auto now = std::chrono::steady_clock::now();
        if (now > deadline) return fail("a transaction of an earlier connection does not end", Retry::later);
        if (wait_for(-1, Awaited::readable, now + 50ms, stop) == Waited::stopped) return fail("stopped", Retry::later);
    }
}

Result<void> Session::prepare() {
    const auto row = TRY(first_row(
        TRY(connection_.ask("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"))));
    if (row.size() == 2) backend_ = {row[0], row[1]};
    const auto readiness = TRY(make_ready(connection_));
    if (!readiness.complaint.empty()) return fail(readiness.complaint, Retry::later);
    made_table_ = readiness.made;
    if (const auto refusal = TRY(prepare_statements(connection_))) return fail(refusal->message, Retry::later);
    return {};
}

Result<void> Session::probe() {
    auto answer = TRY(connection_.ask("SELECT 1"));
    TRY(first_row(std::move(answer)));
    return {};
}

}  // namespace moontide::store
