// One connection to PostgreSQL, that never waits longer than it may.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/descriptor.hpp"
#include "store/settings.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct pg_conn;

namespace moontide::store {

/// Null, a text, or an array of texts (null in it: NULL).
using TextArray = std::vector<std::optional<std::string_view>>;
using Parameter = std::variant<std::monostate, std::string_view, TextArray>;

/// What the server says against a statement. The session goes on.
struct Refusal {
    std::string code;  ///< SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
    std::string message;
};

/// The rows, as text; NULL is nothing.
using Table = std::vector<std::vector<std::optional<std::string>>>;
using Answer = std::variant<Table, Refusal>;

struct Limits {
    Milliseconds connect;
    Milliseconds statement;
    Milliseconds answer;
};

/// Used by one thread. Each call is one round trip. A call that gives an Error has lost the connection: nothing else
/// may be asked of it, and whether the statement was carried out is not known.
class Connection {
public:
    /// Connects, logs in and makes the session ours: UTC, UTF-8, time limits. `stop` as for wait_for().
    static Result<Connection> open(const Settings& settings, const Limits& limits, int stop);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    /// One statement, not prepared.
    Result<Answer> ask(const char* text, const std::vector<Parameter>& parameters = {});
    Result<Answer> prepare(const char* name, const char* text, const std::vector<bool>& arrays);
    Result<Answer> run(const char* name, const std::vector<Parameter>& parameters);

    int socket() const;
    /// Reads what came unasked; false: the server has ended the connection. The error is then in lost().
    bool alive();
    Error lost() const;

private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };

    Connection(Settings settings, Limits limits, int stop);
    Result<void> begin();
    Result<void> log_in();
    Result<Answer> answer(bool sent);
    std::string text_of(const char* message) const;

    Settings settings_;
    Limits limits_;
    int stop_;
    std::optional<MemoryFile> certificates_;
    std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace moontide::store
