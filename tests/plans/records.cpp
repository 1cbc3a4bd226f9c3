#include "records.hpp"

#include "postgres/server.hpp"

#include <utility>

#include <fmt/format.h>

namespace moontide::plans {

namespace {

constexpr const char* SECRET = "database";

using Postgres = store::test::Server;

const store::Settings& database() {
    static const auto settings = Postgres::shared().database();
    return settings;
}

/// Not by way of the database, which may refuse whoever comes.
void ask_beside(const std::string& statement) {
    auto settings = database();
    settings.dbname = "postgres";
    Postgres::shared().ask(settings, statement);
}

bool asks_for_rows(const Json& owner) {
    const auto spec = owner.value("spec", Json::object()).value("database", Json::object());
    return spec.value("enabled", false);
}

std::string name_of(const Json& owner) {
    return owner.at("metadata").at("name").get<std::string>();
}

/// The row's column: data, and binaryData under its keys.
Json row_of(const Json& content) {
    Json row = Json::object();
    for (const char* field : {"data", "binaryData"}) row.update(content.value(field, Json::object()));
    return row;
}

std::string difference(const std::string& owner, const std::map<std::string, Json>& wanted,
                       const std::map<std::string, Json>& rows) {
    for (const auto& [source, data] : wanted) {
        const auto row = rows.find(source);
        if (row == rows.end()) return fmt::format("{} has no row of {}", owner, source);
        if (row->second != data) return fmt::format("{} has an old row of {}: {}", owner, source, row->second.dump());
    }
    for (const auto& [source, data] : rows) {
        if (!wanted.contains(source)) return fmt::format("{} still has a row of {}", owner, source);
    }
    return {};
}

}  // namespace

Records::Records(test::World& world) : namespace_(world.sources()) {
    const auto& settings = database();
    world.api.create({{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", {{"namespace", namespace_}, {"name", SECRET}}},
                      {"stringData",
                       {{"host", settings.host},
                        {"port", settings.port},
                        {"username", settings.username},
                        {"dbname", settings.dbname}}}});
}

Records::~Records() {
    take_again();
}

Json Records::spec(std::uint64_t value) {
    if (value % 4 == 3) return {};
    return {{"enabled", value % 4 != 2}, {"secretRef", {{"name", SECRET}}}};
}

void Records::refuse() {
    refuses_ = true;
    ask_beside("ALTER DATABASE " + database().dbname + " ALLOW_CONNECTIONS false");
    cut();
}

void Records::take_again() {
    if (!std::exchange(refuses_, false)) return;
    ask_beside("ALTER DATABASE " + database().dbname + " ALLOW_CONNECTIONS true");
}

void Records::cut() {
    ask_beside("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database().dbname + "'");
}

void Records::left(const Json& owner) {
    if (!asks_for_rows(owner)) {
        may_have_rows_.insert(name_of(owner));
    } else if (!owner.at("metadata").contains("deletionTimestamp")) {
        may_have_rows_.erase(name_of(owner));
    }
}

std::string Records::complaint(const std::vector<Mirrored>& all) const {
    std::map<std::string, std::map<std::string, Json>> rows;
    if (Postgres::shared().value(database(), "SELECT to_regclass('configmaps') IS NOT NULL") == "t") {
        const auto table = Postgres::shared().ask(
            database(),
            "SELECT configmirror_name, name, data FROM configmaps WHERE configmirror_namespace = '" + namespace_ + "'");
        for (const auto& row : table) rows[row.at(0).value()][row.at(1).value()] = Json::parse(row.at(2).value());
    }
    for (const auto& [owner, sources] : all) {
        if (!asks_for_rows(owner)) continue;
        std::map<std::string, Json> wanted;
        for (const auto& [name, content] : sources) wanted[name] = row_of(content);
        auto told = difference(name_of(owner), wanted, rows[name_of(owner)]);
        if (!told.empty()) return told;
        rows.erase(name_of(owner));
    }
    for (const auto& [owner, of_owner] : rows) {
        if (!may_have_rows_.contains(owner)) return fmt::format("{} is gone, and has rows", owner);
    }
    return {};
}

}  // namespace moontide::plans
