// Where a database is and who we are there, read from the data of a Secret.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace moontide::store {

/// A value; any thread. Compared as a whole it says whether a changed Secret changes anything.
struct Settings {
    std::string host;           ///< a name, an address, a comma-separated list of those, or the folder of a unix socket
    std::string port = "5432";  ///< one, or as many as hosts
    std::string username;
    std::string password;
    std::string dbname;
    std::string sslmode = "prefer";    ///< as libpq has it
    std::string sslrootcert;           ///< PEM text, an absolute path, or empty: the system's certificates
    std::string target_session_attrs;  ///< of a `url` alone: read-write finds the primary of several hosts

    /// Of a Secret's data, decoded. Keys: host, port, username, password, dbname, sslmode, sslrootcert; `url`, which
    /// the others complete; of RDS's secrets `engine` is looked at, dbInstanceIdentifier and all other keys are not.
    /// A line end at the end of a value is taken off. The error names the key and quotes no value.
    static Result<Settings> parse(const std::map<std::string, std::string>& data);

    /// Whether rows that were stored with the other settings are in the database of these.
    bool same_database(const Settings& other) const;
    /// `text` with what stands quoted in it and is one of our values replaced by the name of its key.
    std::string without_values(std::string text) const;

    bool operator==(const Settings&) const = default;
};

}  // namespace moontide::store
