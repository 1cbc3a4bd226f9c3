// What goes to the database: ConfigMaps as rows, and the Secret that says where it is.
#include "fuzz/fuzzer.hpp"
#include "store/row.hpp"
#include "store/settings.hpp"

#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::fuzz {

namespace {

/// Whether it is an object of texts that JSONB takes; empty is NULL.
bool is_storable(const std::string& text) {
    if (text.empty()) return true;
    const auto object = nlohmann::json::parse(text, nullptr, false);
    if (!object.is_object()) return false;
    for (const auto& [key, value] : object.items()) {
        if (!value.is_string() || key.find('\0') != std::string::npos) return false;
        if (value.get_ref<const std::string&>().find('\0') != std::string::npos) return false;
    }
    return true;
}

}  // namespace

/// A ConfigMap.
MOONTIDE_FUZZER(record) {
    // What is storable stays so.
    const auto once = store::storable(std::string(input));
    require(store::storable(once) == once, "what was escaped is not escaped again");
    const auto row = store::Row::of(input);
    if (!row) return;
    require(!row->data.empty(), "data is never NULL");
    require(is_storable(row->data) && is_storable(row->labels) && is_storable(row->annotations),
            "a row's texts are objects that JSONB takes");
}

/// A Secret's data: the first byte is the key, the rest its value.
MOONTIDE_FUZZER(database_secret) {
    constexpr std::string_view keys[] = {"url", "host", "port", "username", "password", "dbname", "sslmode", "engine"};
    if (input.empty()) return;
    const auto key = std::string(keys[static_cast<unsigned char>(input.front()) % std::size(keys)]);
    std::map<std::string, std::string> data = {{"host", "h"}, {"username", "u"}, {"password", "p"}, {"dbname", "d"}};
    data[key] = input.substr(1);
    const auto settings = store::Settings::parse(data);
    if (!settings) {
        require(settings.error().message.starts_with("key '"), "an error names the key");
        return;
    }
    require(!settings->host.empty() && !settings->username.empty() && !settings->dbname.empty(), "nothing is missing");
    require(settings->host.find('\0') == std::string::npos, "libpq takes C's texts");
}

}  // namespace moontide::fuzz
