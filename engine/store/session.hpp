// A connection that is ready for jobs.
#pragma once

#include "base/result.hpp"
#include "store/batch.hpp"
#include "store/connection.hpp"

#include <string>
#include <vector>

namespace moontide::store {

/// A server's process that works for one of our connections; its start tells it from a later one of that number.
struct Backend {
    std::string pid;
    std::string started;
};

/// Used by one thread.
class Session {
public:
    /// Connects, ends what is left of `earlier` sessions, makes the table ready and prepares the statements.
    /// A connection that was lost may have left a transaction behind that commits when it gets to run, after newer
    /// rows were written: it is ended, or has ended, before anything else is written. `earlier` is empty after that.
    static Result<Session> open(const Settings& settings, const Limits& limits, int stop,
                                std::vector<Backend>& earlier);

    Result<Outcome> carry_out(const Job& job) { return store::carry_out(connection_, job); }
    /// Whether the server answers.
    Result<void> probe();

    Connection& connection() { return connection_; }
    const Backend& backend() const { return backend_; }
    bool made_table() const { return made_table_; }

private:
    explicit Session(Connection connection) : connection_(std::move(connection)) {}
    Result<void> end(const Backend& backend, const Limits& limits, int stop);
    Result<void> prepare();

    Connection connection_;
    Backend backend_;
    bool made_table_ = false;
};

}  // namespace moontide::store
