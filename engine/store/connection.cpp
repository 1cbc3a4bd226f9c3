#include "store/connection.hpp"

#include "store/addresses.hpp"
#include "store/arrays.hpp"
#include "store/waiting.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <libpq-fe.h>
#include <unistd.h>

namespace moontide::store {

namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&::PQclear)>;

constexpr const char* system_certificates = "/etc/ssl/certs/ca-certificates.crt";
constexpr Oid text_oid = 25;
constexpr Oid text_array_oid = 1009;
constexpr std::size_t longest_message = 400;

Instant now() {
    return std::chrono::steady_clock::now();
}

std::vector<std::string> parts_of(const std::string& list) {
    std::vector<std::string> parts;
    for (std::size_t at = 0;;) {
        const auto comma = list.find(',', at);
        parts.push_back(list.substr(at, comma - at));
        if (comma == std::string::npos) return parts;
        at = comma + 1;
    }
}

void append(std::string& list, const std::string& text, bool first) {
    if (!first) list += ',';
    list += text;
}

/// What libpq wants for hosts: their names once for each address, so that it looks up none itself (that would wait
/// for name servers as long as they like).
struct Hosts {
    std::string names;
    std::string addresses;
    std::string ports;
};

Result<Hosts> hosts_of(const Settings& settings, Instant deadline, int stop) {
    Hosts hosts;
    const auto names = parts_of(settings.host);
    const auto ports = parts_of(settings.port);
    if (ports.size() != 1 && ports.size() != names.size()) return fail("key 'port' has not as many as key 'host'");
    bool first = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto addresses = names[i].starts_with('/') ? Result<std::vector<std::string>>(std::vector<std::string>{""})
                                                   : addresses_of(names[i], deadline, stop);
        // One of several hosts may be unknown.
        if (!addresses && names.size() == 1) return std::unexpected(std::move(addresses).error());
        if (!addresses) continue;
        for (const auto& address : *addresses) {
            append(hosts.names, names[i], first);
            append(hosts.addresses, address, first);
            append(hosts.ports, ports.size() == 1 ? ports.front() : ports[i], first);
            first = false;
        }
    }
    if (first) return fail("no host of <host> has an address", Retry::later);
    return hosts;
}

/// The parameters of a statement as libpq wants them.
struct Bound {
    std::vector<std::string> owned;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    std::vector<Oid> types;

    explicit Bound(const std::vector<Parameter>& parameters) {
        owned.reserve(parameters.size());
        for (const auto& parameter : parameters) {
            const auto* const array = std::get_if<TextArray>(&parameter);
            const auto* const text = std::get_if<std::string_view>(&parameter);
            if (array != nullptr) {
                owned.push_back(binary_array(*array));
            } else if (text != nullptr) {
                owned.emplace_back(*text);
            }
            const bool is_null = array == nullptr && text == nullptr;
            values.push_back(is_null ? nullptr : owned.back().data());
            lengths.push_back(is_null ? 0 : static_cast<int>(owned.back().size()));
            formats.push_back(1);
            types.push_back(array != nullptr ? text_array_oid : text_oid);
        }
    }
    int size() const { return static_cast<int>(values.size()); }
};

Answer answer_of(const PGresult* result) {
    Table table;
    const int rows = ::PQntuples(result);
    const int columns = ::PQnfields(result);
    for (int row = 0; row < rows; ++row) {
        auto& line = table.emplace_back();
        for (int column = 0; column < columns; ++column) {
            if (::PQgetisnull(result, row, column) != 0) {
                line.emplace_back();
            } else {
                line.emplace_back(std::in_place, ::PQgetvalue(result, row, column),
                                  static_cast<std::size_t>(::PQgetlength(result, row, column)));
            }
        }
    }
    return table;
}

/// Without the hints, which are in lines that are indented, and without lines that say the same again.
std::string one_line(std::string_view message) {
    std::string line;
    std::string_view before;
    while (!message.empty()) {
        const auto end = std::min(message.find('\n'), message.size());
        const auto part = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        if (part.empty() || part.starts_with('\t') || part == before) continue;
        before = part;
        if (!line.empty()) line += "; ";
        line += part;
    }
    // As in "FATAL:  password authentication failed".
    for (auto at = line.find("  "); at != std::string::npos; at = line.find("  ", at)) line.erase(at, 1);
    return line;
}

}  // namespace

void Connection::Close::operator()(pg_conn* connection) const {
    ::PQfinish(connection);
}

Connection::Connection(Settings settings, Limits limits, int stop)
    : settings_(std::move(settings)), limits_(limits), stop_(stop) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const Settings& settings, const Limits& limits, int stop) {
    Connection connection(settings, limits, stop);
    TRY_VOID(connection.log_in());
    TRY_VOID(connection.begin());
    return connection;
}

Result<void> Connection::log_in() {
    const auto deadline = now() + limits_.connect;
    const auto hosts = TRY(hosts_of(settings_, deadline, stop_));
    auto certificates = settings_.sslrootcert;
    if (certificates.find("-----BEGIN ") != std::string::npos) {
        certificates = certificates_.emplace(certificates).path();
    } else if (certificates.empty() && settings_.sslmode.starts_with("verify-")) {
        certificates = system_certificates;
    }
    const std::pair<const char*, std::string> parameters[] = {
        {"host", hosts.names},
        {"hostaddr", hosts.addresses},
        {"port", hosts.ports},
        {"user", settings_.username},
        {"password", settings_.password},
        {"dbname", settings_.dbname},
        {"sslmode", settings_.sslmode},
        {"sslrootcert", certificates},
        {"target_session_attrs", settings_.target_session_attrs.empty() ? "any" : settings_.target_session_attrs},
        {"application_name", "moontide"},
        {"client_encoding", "UTF8"},
        // Kerberos would look for tickets and name servers of its own.
        {"gssencmode", "disable"},
        // A peer that is gone without a word is noticed within 25 s, whether we wait for it or not.
        {"keepalives", "1"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "20000"},
    };
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : parameters) {
        // An empty list of addresses is the folder of a unix socket.
        if (value.find_first_not_of(',') == std::string::npos) continue;
        keys.push_back(key);
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(::PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection_) return fail("no memory for a connection", Retry::later);

    auto poll = PGRES_POLLING_WRITING;
    while (::PQstatus(connection_.get()) != CONNECTION_BAD) {
        const auto awaited = poll == PGRES_POLLING_READING ? Awaited::readable : Awaited::writable;
        switch (wait_for(::PQsocket(connection_.get()), awaited, deadline, stop_)) {
            case Waited::ready:
                break;
            case Waited::stopped:
                return fail("stopped", Retry::later);
            case Waited::late:
                return fail("the server does not answer: no connection in time", Retry::later);
        }
        poll = ::PQconnectPoll(connection_.get());
        if (poll == PGRES_POLLING_FAILED) break;
        if (poll == PGRES_POLLING_OK) {
            ::PQsetnonblocking(connection_.get(), 1);
            // Notices are for people at a terminal.
            ::PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
            return {};
        }
    }
    return std::unexpected(lost());
}

Result<void> Connection::begin() {
    const auto limit = std::to_string(limits_.statement.count());
    // Who holds a lock on a row for long is not waited for: other rows go on.
    const auto lock = std::to_string(std::min<Milliseconds::rep>(limits_.statement.count() / 4 + 1, 2'000));
    // A plan that is kept was made while the table was empty, and stays bad while it grows.
    const auto answer =
        TRY(ask("SELECT set_config('TimeZone', 'UTC', false), set_config('statement_timeout', $1, false),"
                " set_config('lock_timeout', $2, false), set_config('idle_in_transaction_session_timeout', $1, false),"
                " set_config('plan_cache_mode', 'force_custom_plan', false)",
                {limit, lock}));
    if (const auto* const refusal = std::get_if<Refusal>(&answer)) {
        return fail("the session cannot be set up: " + refusal->message, Retry::later);
    }
    return {};
}

Result<Answer> Connection::ask(const char* text, const std::vector<Parameter>& parameters) {
    const Bound bound(parameters);
    return answer(::PQsendQueryParams(connection_.get(), text, bound.size(), bound.types.data(), bound.values.data(),
                                      bound.lengths.data(), bound.formats.data(), 0) == 1);
}

Result<Answer> Connection::prepare(const char* name, const char* text, const std::vector<bool>& arrays) {
    std::vector<Oid> types;
    for (const bool array : arrays) types.push_back(array ? text_array_oid : text_oid);
    return answer(::PQsendPrepare(connection_.get(), name, text, static_cast<int>(types.size()), types.data()) == 1);
}

Result<Answer> Connection::run(const char* name, const std::vector<Parameter>& parameters) {
    const Bound bound(parameters);
    return answer(::PQsendQueryPrepared(connection_.get(), name, bound.size(), bound.values.data(),
                                        bound.lengths.data(), bound.formats.data(), 0) == 1);
}

Result<Answer> Connection::answer(bool sent) {
    if (!sent) return std::unexpected(lost());
    auto deadline = now() + limits_.answer;
    Answer answer;
    for (;;) {
        // It reads while it writes: a server that writes before it has read all would wait for us otherwise.
        const int unsent = ::PQflush(connection_.get());
        if (unsent < 0) return std::unexpected(lost());
        if (unsent == 0 && ::PQisBusy(connection_.get()) == 0) {
            const ResultPtr result(::PQgetResult(connection_.get()), ::PQclear);
            if (!result) return answer;
            const auto status = ::PQresultStatus(result.get());
            if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
                answer = answer_of(result.get());
                continue;
            }
            const char* const code = ::PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
            // Without a code it is libpq's own word, and no word of the server's about the statement.
            if (code == nullptr || ::PQstatus(connection_.get()) == CONNECTION_BAD) return std::unexpected(lost());
            const char* const primary = ::PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
            answer = Refusal{code, text_of(primary == nullptr ? "" : primary)};
            continue;
        }
        switch (wait_for(socket(), unsent == 0 ? Awaited::readable : Awaited::both, deadline, stop_)) {
            case Waited::ready:
                break;
            case Waited::late:
                return fail("the server does not answer", Retry::later);
            case Waited::stopped:
                return fail("stopped", Retry::later);
        }
        if (::PQconsumeInput(connection_.get()) == 0) return std::unexpected(lost());
    }
}

int Connection::socket() const {
    return ::PQsocket(connection_.get());
}

bool Connection::alive() {
    return ::PQconsumeInput(connection_.get()) == 1 && ::PQstatus(connection_.get()) == CONNECTION_OK;
}

Error Connection::lost() const {
    auto text = text_of(::PQerrorMessage(connection_.get()));
    return {text.empty() ? "the connection was lost" : std::move(text), Retry::later};
}

std::string Connection::text_of(const char* message) const {
    auto line = one_line(message);
    if (certificates_) {
        const auto path = certificates_->path();
        if (const auto at = line.find(path); at != std::string::npos)
            line.replace(at, path.size(), "of key sslrootcert");
    }
    line = settings_.without_values(std::move(line));
    if (line.size() > longest_message) {
        auto end = longest_message;
        // Not within a character of several bytes.
        while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
        line.resize(end);
        line += "...";
    }
    return line;
}

}  // namespace moontide::store
