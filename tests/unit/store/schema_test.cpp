// The table: made, found, mended, or left alone.
#include "witness.hpp"

#include <barrier>
#include <thread>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::store;
using namespace moontide::store::test;

namespace {

const std::string described =
    "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' ||"
    " coalesce(pg_get_expr(adbin, adrelid), ''), E'\\n' ORDER BY attnum) FROM pg_attribute"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE attrelid = 'configmaps'::regclass AND attnum > 0 AND NOT attisdropped";

/// As the page prints it.
const std::string page_table =
    "CREATE TABLE configmaps (id SERIAL PRIMARY KEY, name VARCHAR(253) NOT NULL, namespace VARCHAR(253) NOT NULL,"
    " data JSONB NOT NULL, labels JSONB, annotations JSONB, configmirror_name VARCHAR(253) NOT NULL,"
    " configmirror_namespace VARCHAR(253) NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT NOW(),"
    " updated_at TIMESTAMP NOT NULL DEFAULT NOW(), UNIQUE(name, namespace, configmirror_namespace, configmirror_name))";

std::string message_with_table(Server& server, const std::string& statement) {
    const auto settings = server.database();
    server.ask(settings, statement);
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await([](Store& one) { return one.state().message.find("table configmaps") != std::string::npos; }));
    CHECK_FALSE(store->state().ready);
    return store->state().message;
}

}  // namespace

TEST_CASE("the table is the page's") {
    auto& server = Server::shared();
    const auto settings = server.database();
    const auto by_hand = server.database();
    server.ask(by_hand, page_table);
    {
        Witness store(settings);
        REQUIRE(store.await_ready());
    }
    CHECK(server.value(settings, described) == server.value(by_hand, described));
    const auto indexes =
        "SELECT string_agg(indexdef, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'configmaps'";
    CHECK(server.value(settings, indexes) == server.value(by_hand, indexes));
    CHECK(server.value(settings, "SELECT name || ' ' || version FROM moontide_schema") == "configmaps 1");
    // A second start makes nothing.
    const auto made = server.value(settings, "SELECT 'configmaps'::regclass::oid || ' ' || xmin FROM moontide_schema");
    Witness again(settings);
    REQUIRE(again.await_ready());
    CHECK(server.value(settings, "SELECT 'configmaps'::regclass::oid || ' ' || xmin FROM moontide_schema") == made);
}

TEST_CASE("replicas that start at once make one table") {
    auto& server = Server::shared();
    const auto settings = server.database();
    std::vector<std::unique_ptr<Witness>> stores;
    auto options = quick();
    // One that lost a race would wait for longer than the test does.
    options.backoff_first = options.backoff_last = 600s;
    for (int i = 0; i < 6; ++i) {
        stores.push_back(std::make_unique<Witness>(settings, options));
        (*stores.back())->put({"ops", "mirror" + std::to_string(i)}, {row("a")});
    }
    for (int i = 0; i < 6; ++i) CHECK(stores[i]->await_settled({"ops", "mirror" + std::to_string(i)}));
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "6");
    CHECK(server.value(settings, "SELECT count(*) FROM moontide_schema") == "1");
}

TEST_CASE("a role that may only use the table uses it") {
    auto& server = Server::shared();
    const auto settings = server.database();
    server.ask(settings, page_table);
    server.ask(settings, "GRANT SELECT, INSERT, UPDATE, DELETE ON configmaps TO " + settings.username);
    server.ask(settings, "GRANT USAGE ON configmaps_id_seq TO " + settings.username);
    server.ask(settings, "ALTER SCHEMA public OWNER TO postgres");
    server.ask(settings, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    Witness store(settings);
    store->put(mirror, {row("a"), row("b")});
    REQUIRE(store.await_settled());
    store->replace(mirror, {row("b", "{}")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(name || data, ' ') FROM configmaps") == "b{}");
    CHECK(server.value(settings, "SELECT to_regclass('moontide_schema') IS NULL") == "t");
}

TEST_CASE("a role that may not make the table says so, and goes on when somebody else has made it") {
    auto& server = Server::shared();
    const auto settings = server.database();
    server.ask(settings, "ALTER SCHEMA public OWNER TO postgres");
    server.ask(settings, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await([](Store& one) { return one.state().message.find("cannot be made") != std::string::npos; }));
    server.ask(settings, page_table);
    REQUIRE(store.await(
        [](Store& one) { return one.state().message.find("permission denied for table") != std::string::npos; }));
    CHECK(store->state().connected);
    server.ask(settings, "GRANT ALL ON configmaps, configmaps_id_seq TO " + settings.username);
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "1");
}

TEST_CASE("columns that users add stay and are left alone") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());
    server.ask(settings,
               "ALTER TABLE configmaps ADD COLUMN reviewed TEXT DEFAULT 'no', ADD COLUMN \"odd \n name\" INT");
    server.ask(settings, "UPDATE configmaps SET reviewed = 'yes'");
    store->put(mirror, {row("a", "{}"), row("b")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(name || ' ' || reviewed, ', ' ORDER BY name) FROM configmaps") ==
          "a yes, b no");
    Witness again(settings);
    REQUIRE(again.await_ready());
}

TEST_CASE("a table that an earlier version made gets the columns that it lacks") {
    auto& server = Server::shared();
    const auto settings = server.database();
    server.ask(settings,
               "CREATE TABLE configmaps (id SERIAL PRIMARY KEY, name VARCHAR(253) NOT NULL, namespace"
               " VARCHAR(253) NOT NULL, data JSONB NOT NULL, configmirror_name VARCHAR(253) NOT NULL,"
               " configmirror_namespace VARCHAR(253) NOT NULL)");
    server.ask(settings, "ALTER TABLE configmaps OWNER TO " + settings.username);
    server.ask(settings,
               "INSERT INTO configmaps (name, namespace, data, configmirror_name, configmirror_namespace)"
               " VALUES ('a', 'app', '{\"a\": \"1\"}', 'mirror', 'ops')");
    Witness store(settings);
    store->replace(mirror, {row("a"), row("b")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(id || name, ' ' ORDER BY id) FROM configmaps") == "1a 2b");
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps WHERE labels IS NULL AND created_at = updated_at") ==
          "2");
}

TEST_CASE("a table that another version made is left alone, with the way out") {
    auto& server = Server::shared();
    CHECK(message_with_table(server,
                             "CREATE TABLE configmaps (name TEXT, namespace TEXT, data TEXT, configmirror_name"
                             " TEXT, configmirror_namespace TEXT)")
              .find("ALTER TABLE configmaps ALTER COLUMN data TYPE JSONB USING data::jsonb") != std::string::npos);
    CHECK(message_with_table(server, "CREATE TABLE configmaps (name TEXT, data JSONB)").find("no column namespace") !=
          std::string::npos);
    // The superuser's: it cannot be altered.
    CHECK(message_with_table(server,
                             "CREATE TABLE configmaps (name TEXT, namespace TEXT, data JSONB, configmirror_name"
                             " TEXT, configmirror_namespace TEXT)")
              .find("run: ALTER TABLE configmaps ADD COLUMN IF NOT EXISTS labels") != std::string::npos);
}

TEST_CASE("a version that a newer program recorded stays") {
    auto& server = Server::shared();
    const auto settings = server.database();
    {
        Witness store(settings);
        REQUIRE(store.await_ready());
    }
    server.ask(settings, "UPDATE moontide_schema SET version = 7");
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT version FROM moontide_schema") == "7");
}

TEST_CASE("a table that is dropped is made anew at the next change, and its owners are asked for all rows") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    std::vector<Row> rows = {row("a"), row("b"), row("c")};
    store.on_again = [&](const Owner& owner) { store->replace(owner, rows); };
    store->replace(mirror, rows);
    REQUIRE(store.await_settled());
    server.ask(settings, "DROP TABLE configmaps");
    rows[2].data = "{}";
    store->put(mirror, {rows[2]});
    REQUIRE(store.await([&](Store&) { return store.was_asked_again(); }));
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(name || data, ' ' ORDER BY name) FROM configmaps") ==
          R"(a{"a": "1"} b{"a": "1"} c{})");
}
