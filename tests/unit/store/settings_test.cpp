// What a Secret's data says, and what is said of data that says it wrong.
#include "store/settings.hpp"

#include <catch2/catch.hpp>

using namespace moontide::store;

namespace {

using Data = std::map<std::string, std::string>;

Data whole(const Data& over = {}) {
    Data data = {{"host", "db.example"}, {"username", "app"}, {"password", "s3cret"}, {"dbname", "records"}};
    for (const auto& [key, value] : over) data[key] = value;
    return data;
}

Data without(const std::string& key) {
    auto data = whole();
    data.erase(key);
    return data;
}

}  // namespace

TEST_CASE("a Secret's keys are the settings, and line ends after them are not") {
    const auto settings =
        Settings::parse(whole({{"password", "s3cret\n"}, {"port", "6432\r\n"}, {"other", "x"}})).value();
    CHECK(settings.host == "db.example");
    CHECK(settings.port == "6432");
    CHECK(settings.username == "app");
    CHECK(settings.password == "s3cret");
    CHECK(settings.dbname == "records");
    CHECK(settings.sslmode == "prefer");
    CHECK(Settings::parse(whole()).value().port == "5432");
}

TEST_CASE("an RDS secret is one of PostgreSQL") {
    const Data rds = {{"engine", "postgres"}, {"dbInstanceIdentifier", "records-1"}};
    CHECK(Settings::parse(whole(rds)));
    CHECK(Settings::parse(whole({{"engine", "aurora-postgresql"}})));
    CHECK(Settings::parse(whole({{"engine", "mysql"}})).error().message.find("'engine'") != std::string::npos);
}

TEST_CASE("a url is read, and completed by the other keys") {
    const auto settings =
        Settings::parse({{"url", "postgresql://app@db.example:6432/records?sslmode=require&connect_timeout=3"},
                         {"password", "p@ss/word"},
                         {"dbname", "not this one"}})
            .value();
    CHECK(settings.host == "db.example");
    CHECK(settings.port == "6432");
    CHECK(settings.username == "app");
    CHECK(settings.password == "p@ss/word");
    CHECK(settings.dbname == "records");
    CHECK(settings.sslmode == "require");
    CHECK(Settings::parse({{"url", "postgres://a:b%40c@h/d"}}).value().password == "b@c");
}

TEST_CASE("an error names the key and quotes no value") {
    const struct {
        Data data;
        std::string key;
    } wrong[] = {
        {without("host"), "'host'"},
        {without("username"), "'username'"},
        {without("password"), "'password'"},
        {without("dbname"), "'dbname'"},
        {whole({{"port", "s3cret"}}), "'port'"},
        {whole({{"port", "0"}}), "'port'"},
        {whole({{"port", "70000"}}), "'port'"},
        {whole({{"port", "5432,s3cret"}}), "'port'"},
        {whole({{"sslmode", "s3cret"}}), "'sslmode'"},
        {whole({{"sslrootcert", "s3cret"}}), "'sslrootcert'"},
        {whole({{"password", std::string("s3cret\0x", 8)}}), "'password'"},
        {whole({{"engine", "s3cret"}}), "'engine'"},
        {{{"url", "s3cret"}}, "'url'"},
        {{{"url", "postgresql://app:s3cret@h:x y/d"}}, "'port'"},
        {{{"url", "postgresql://app:s3cret@h/d?s3cret=1"}}, "'url'"},
        // What would read files of this process.
        {{{"url", "postgresql://app:s3cret@h/d?passfile=/etc/passwd"}}, "passfile"},
        {{{"url", "postgresql://app:s3cret@h/d?sslkey=/etc/passwd"}}, "sslkey"},
        {{{"url", "postgresql://app:s3cret@h/d?service=s3cret"}}, "'url'"},
        {{{"url", "postgresql://app:s3cret@h/d?options=-cs3cret"}}, "options"},
    };
    for (const auto& [data, key] : wrong) {
        const auto settings = Settings::parse(data);
        REQUIRE_FALSE(settings);
        CAPTURE(settings.error().message, key);
        CHECK(settings.error().message.find(key) != std::string::npos);
        CHECK(settings.error().message.find("s3cret") == std::string::npos);
        CHECK(settings.error().message.find("/etc/passwd") == std::string::npos);
    }
}

TEST_CASE("only a unix socket needs no password") {
    CHECK(Settings::parse({{"host", "/run/postgresql"}, {"username", "app"}, {"dbname", "records"}}));
}

TEST_CASE("another password is the same database, another host or name is not") {
    const auto settings = Settings::parse(whole()).value();
    CHECK(Settings::parse(whole({{"password", "x"}})).value().same_database(settings));
    CHECK(Settings::parse(whole({{"username", "x"}})).value().same_database(settings));
    for (const char* key : {"host", "dbname"}) {
        CHECK_FALSE(Settings::parse(whole({{key, "x"}})).value().same_database(settings));
    }
    CHECK_FALSE(Settings::parse(whole({{"port", "1"}})).value().same_database(settings));
}

TEST_CASE("the server's messages lose the Secret's values") {
    const auto settings = Settings::parse(whole()).value();
    CHECK(settings.without_values(R"(connection to "db.example" failed: no user "app", "app" or "other")") ==
          R"(connection to <host> failed: no user <username>, <username> or "other")");
}
