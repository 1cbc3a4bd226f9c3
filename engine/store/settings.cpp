#include "store/settings.hpp"

#include "store/settings_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace moontide::store {

namespace {

constexpr std::array<std::string_view, 6> modes = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

/// What `echo` and editors leave at the end of a value.
std::string_view without_line_end(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port > 0;
}

bool are_ports(std::string_view text) {
    for (;;) {
        const auto comma = text.find(',');
        if (!is_port(text.substr(0, comma))) return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

Result<void> check(const Settings& settings) {
    if (settings.host.empty()) return fail("key 'host' is missing");
    if (settings.username.empty()) return fail("key 'username' is missing");
    if (settings.dbname.empty()) return fail("key 'dbname' is missing");
    // Who is on the same machine may be known to the server without a password.
    if (settings.password.empty() && !settings.host.starts_with('/')) return fail("key 'password' is missing");
    if (!are_ports(settings.port)) return fail("key 'port' is no number from 1 to 65535");
    if (std::ranges::find(modes, settings.sslmode) == modes.end()) {
        return fail("key 'sslmode' is none of disable, allow, prefer, require, verify-ca, verify-full");
    }
    if (!settings.sslrootcert.empty() && !settings.sslrootcert.starts_with('/') &&
        settings.sslrootcert.find("-----BEGIN ") == std::string::npos) {
        return fail("key 'sslrootcert' is neither certificates in PEM nor an absolute path");
    }
    return {};
}

}  // namespace

Result<Settings> Settings::parse(const std::map<std::string, std::string>& data) {
    Settings settings;
    settings.port.clear();
    settings.sslmode.clear();
    if (const auto url = data.find("url"); url != data.end()) {
        settings = TRY(settings_of_url(std::string(without_line_end(url->second))));
    }
    const std::pair<const char*, std::string Settings::*> keys[] = {
        {"host", &Settings::host},
        {"port", &Settings::port},
        {"username", &Settings::username},
        {"password", &Settings::password},
        {"dbname", &Settings::dbname},
        {"sslmode", &Settings::sslmode},
        {"sslrootcert", &Settings::sslrootcert},
    };
    for (const auto& [key, member] : keys) {
        const auto found = data.find(key);
        if (found == data.end()) continue;
        const auto value = without_line_end(found->second);
        // libpq takes C's texts.
        if (value.find('\0') != std::string_view::npos) return fail(std::string("key '") + key + "' has a NUL byte");
        if ((settings.*member).empty()) settings.*member = value;
    }
    if (const auto engine = data.find("engine"); engine != data.end()) {
        const auto value = without_line_end(engine->second);
        if (value != "postgres" && value != "postgresql" && value != "aurora-postgresql") {
            return fail("key 'engine' names no PostgreSQL; expected postgres or aurora-postgresql");
        }
    }
    if (settings.port.empty()) settings.port = "5432";
    if (settings.sslmode.empty()) settings.sslmode = "prefer";
    TRY_VOID(check(settings));
    return settings;
}

bool Settings::same_database(const Settings& other) const {
    return host == other.host && port == other.port && dbname == other.dbname;
}

std::string Settings::without_values(std::string text) const {
    const std::pair<const char*, const std::string*> values[] = {
        {"<host>", &host}, {"<username>", &username}, {"<password>", &password}, {"<dbname>", &dbname}};
    for (const auto& [key, value] : values) {
        if (value->empty()) continue;
        const auto quoted = '"' + *value + '"';
        for (auto at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at)) {
            text.replace(at, quoted.size(), key);
        }
    }
    // The file of a unix socket begins with its folder.
    if (host.starts_with('/')) {
        for (auto at = text.find(host); at != std::string::npos; at = text.find(host, at)) {
            text.replace(at, host.size(), "<host>");
        }
    }
    return text;
}

}  // namespace moontide::store
