// What is put, changed and removed, as the table has it.
#include "witness.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::store;
using namespace moontide::store::test;

namespace {

const std::string all_rows =
    "SELECT string_agg(namespace || '/' || name || '=' || data::text, ' ' ORDER BY name) FROM configmaps";

}  // namespace

TEST_CASE("a row is stored as the page's table has it") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    auto one = row("config", R"({"config.yaml":"key: value\n","umlaut":"ä€😀"})");
    one.labels = R"({"app":"myapp"})";
    store->put(mirror, {one});
    REQUIRE(store.await_settled());

    const auto table = server.ask(settings,
                                  "SELECT id, name, namespace, data ->> 'config.yaml', data ->> 'umlaut', labels,"
                                  " annotations, configmirror_name, configmirror_namespace, created_at = updated_at,"
                                  " abs(extract(epoch FROM (now() AT TIME ZONE 'UTC') - created_at)) < 600"
                                  " FROM configmaps");
    using Line = std::vector<std::optional<std::string>>;
    REQUIRE(table == Table{Line{"1", "config", "app", "key: value\n", "ä€😀", R"({"app": "myapp"})", std::nullopt,
                                "mirror", "ops", "t", "t"}});
}

TEST_CASE("a change updates its row in place, and an equal row is not touched") {
    auto& server = Server::shared();
    const auto settings = server.database();
    const auto stamps =
        "SELECT string_agg(id || ' ' || created_at || ' ' || updated_at, ', ' ORDER BY id) FROM configmaps";
    std::string before;
    std::optional<WallTime> written;
    {
        Witness store(settings);
        store->replace(mirror, {row("a"), row("b")});
        REQUIRE(store.await_settled());
        before = server.value(settings, stamps);
        written = store->state(mirror).last_written;
        REQUIRE(written);
    }
    // As a restart does, with the same content written otherwise.
    Witness store(settings);
    store->replace(mirror, {row("a", R"( { "a" : "1" } )"), row("b")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, stamps) == before);
    CHECK(store->state(mirror).last_written == written);

    store->put(mirror, {row("b", R"({"a":"2"})")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, all_rows) == R"(app/a={"a": "1"} app/b={"a": "2"})");
    CHECK(server.value(settings, "SELECT id || ' ' || (updated_at > created_at) FROM configmaps WHERE name = 'b'") ==
          "2 true");
    // No id was used up on the way.
    CHECK(server.value(settings, "SELECT last_value FROM configmaps_id_seq") == "2");
}

TEST_CASE("rows go with their source, and with their owner, and nobody else's") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    const Owner other{"ops", "other"};
    store->put(mirror, {row("a"), row("b"), row("c")});
    store->put(other, {row("a")});
    REQUIRE(store.await_settled());
    REQUIRE(store.await_settled(other));

    store->remove(mirror, {{"app", "a"}, {"app", "never was"}});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps WHERE configmirror_name = 'mirror'") == "2");

    store->replace(mirror, {row("c")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(name, ' ') FROM configmaps WHERE configmirror_name = 'mirror'") ==
          "c");

    store->remove_all(mirror);
    REQUIRE(store.await_gone());
    CHECK(server.value(settings, "SELECT string_agg(configmirror_name, ' ') FROM configmaps") == "other");
}

TEST_CASE("an owner that comes back after its rows went has its new rows alone") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());
    store->put(mirror, {row("b")});
    store->remove_all(mirror);
    store->put(mirror, {row("c")});
    REQUIRE(store.await_gone());
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT string_agg(name, ' ') FROM configmaps") == "c");
}

TEST_CASE("a row that the database refuses is named, and all others are stored") {
    auto& server = Server::shared();
    const auto settings = server.database();
    auto options = quick();
    options.refused_again = 200ms;
    Witness store(settings, options);
    REQUIRE(store.await_ready());
    server.ask(settings, "ALTER TABLE configmaps ADD CONSTRAINT no_passwords CHECK (NOT data ? 'password')");
    std::vector<Row> rows;
    for (int i = 0; i < 40; ++i) rows.push_back(row("row" + std::to_string(i)));
    rows[7].data = R"({"password":"x"})";
    rows[8].data = "{ this is no JSON";
    store->put(mirror, rows);
    REQUIRE(store.await_settled());
    const auto state = store->state(mirror);
    REQUIRE(state.refusals.size() == 2);
    CHECK(state.refusals[0].first.name == "row7");
    CHECK(state.refusals[0].second.find("no_passwords") != std::string::npos);
    CHECK(state.refusals[1].first.name == "row8");
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "38");
    CHECK(store->state().ready);

    // It heals by itself.
    server.ask(settings, "ALTER TABLE configmaps DROP CONSTRAINT no_passwords");
    CHECK(store.await([](Store& one) { return one.state(mirror).refused == 1; }));
    server.await(settings, "SELECT count(*) FROM configmaps", "39");
}

TEST_CASE("a row that another session has locked waits, and the others do not wait for it") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a"), row("b")});
    REQUIRE(store.await_settled());

    auto super = settings;
    super.username = "postgres";
    const Limits limits{10s, 60s, 60s};
    auto holder = Connection::open(super, limits, -1).value();
    REQUIRE(std::holds_alternative<Table>(holder.ask("BEGIN").value()));
    REQUIRE(std::holds_alternative<Table>(holder.ask("SELECT FROM configmaps WHERE name = 'a' FOR UPDATE").value()));
    store->put(mirror, {row("a", "{}"), row("b", "{}")});
    CHECK(store.await([](Store& one) { return !one.state(mirror).message.empty(); }));
    CHECK(server.value(settings, all_rows) == R"(app/a={"a": "1"} app/b={})");
    CHECK(store->state().ready);
    REQUIRE(std::holds_alternative<Table>(holder.ask("COMMIT").value()));
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, all_rows) == "app/a={} app/b={}");
    CHECK(store->state(mirror).message.empty());
}

TEST_CASE("a NUL character is stored escaped") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {Row::of(R"({"metadata":{"namespace":"app","name":"nul"},"data":{"k":"a\u0000b"}})").value()});
    REQUIRE(store.await_settled());
    CHECK(store->state(mirror).refused == 0);
    CHECK(server.value(settings, "SELECT data ->> 'k' FROM configmaps") == "a\\u0000b");
}

TEST_CASE("values that look like SQL are values") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    const Owner odd{"o'; DROP TABLE configmaps; --", R"(\"{},NULL)"};
    auto one = row("'); DELETE FROM configmaps; --", R"({"{\"x\",NULL}":"$1 \\ ' \" {,}"})");
    store->put(odd, {one, row("other")});
    REQUIRE(store.await_settled(odd));
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps WHERE configmirror_name = E'\\\\\"{},NULL'") == "2");
    CHECK(server.value(settings, "SELECT data ->> '{\"x\",NULL}' FROM configmaps WHERE name LIKE '%DELETE%'") ==
          "$1 \\ ' \" {,}");
}

TEST_CASE("ten thousand rows take a bounded number of round trips") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    REQUIRE(store.await_ready());
    const auto statements = [&] {
        return std::stoi(server.value(
            settings, "SELECT xact_commit FROM pg_stat_database WHERE datname = '" + settings.dbname + "'"));
    };
    std::vector<Row> rows;
    for (int i = 0; i < 10'000; ++i) rows.push_back(row("row" + std::to_string(i), R"({"key":"value"})"));
    rows[77].data = "no JSON";
    store->replace(mirror, rows);
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) || ' ' || max(id) FROM configmaps").starts_with("9999 "));
    // All of them change: each is found by the index, though nobody has analyzed the table.
    for (auto& one : rows) one.data = R"({"key":"other"})";
    store->replace(mirror, rows);
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps WHERE data ->> 'key' = 'other'") == "10000");
    store.end();
    // Each statement is one round trip and one transaction: twice 40 of 256 rows, 16 for the one that is refused, two
    // that look for rows that are superfluous, some of the session and of this test.
    CHECK(statements() < 120);
}
