#include "store/settings_url.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

namespace moontide::store {

namespace {

/// Ours to say; taken without effect.
constexpr std::array<std::string_view, 9> ours = {
    "connect_timeout",     "application_name", "fallback_application_name", "keepalives",      "keepalives_idle",
    "keepalives_interval", "keepalives_count", "tcp_user_timeout",          "client_encoding",
};

}  // namespace

Result<Settings> settings_of_url(const std::string& url) {
    if (url.find('\0') != std::string::npos) return fail("key 'url' has a NUL byte");
    // libpq's own message quotes what it does not understand.
    const std::unique_ptr<PQconninfoOption, decltype(&::PQconninfoFree)> options(
        ::PQconninfoParse(url.c_str(), nullptr), ::PQconninfoFree);
    if (!options)
        return fail("key 'url' is no PostgreSQL URI: postgresql://user:password@host:port/dbname?sslmode=...");

    Settings settings;
    settings.port.clear();
    settings.sslmode.clear();
    const std::pair<std::string_view, std::string*> known[] = {
        {"host", &settings.host},
        {"port", &settings.port},
        {"user", &settings.username},
        {"password", &settings.password},
        {"dbname", &settings.dbname},
        {"sslmode", &settings.sslmode},
        {"sslrootcert", &settings.sslrootcert},
        {"target_session_attrs", &settings.target_session_attrs},
    };
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword;
        const auto* const found = std::ranges::find(known, keyword, &std::pair<std::string_view, std::string*>::first);
        if (found != std::end(known)) {
            *found->second = option->val;
        } else if (std::ranges::find(ours, keyword) == ours.end()) {
            return fail("key 'url' has the parameter " + std::string(keyword) + ", which is not taken");
        }
    }
    return settings;
}

}  // namespace moontide::store
