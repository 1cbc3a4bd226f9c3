// Rows of a ConfigMirror's sources in a database of its own: they follow what users do.
#include "mirrors.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

using Postgres = store::test::Server;

/// The table is there, so that nobody is asked for rows because it is made.
void make_table(Postgres& server, const store::Settings& settings) {
    server.ask(
        settings,
        "CREATE TABLE configmaps (id SERIAL PRIMARY KEY, name VARCHAR(253) NOT NULL, namespace VARCHAR(253) NOT"
        " NULL, data JSONB NOT NULL, labels JSONB, annotations JSONB, configmirror_name VARCHAR(253) NOT NULL,"
        " configmirror_namespace VARCHAR(253) NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT NOW(), updated_at"
        " TIMESTAMP NOT NULL DEFAULT NOW(), UNIQUE(name, namespace, configmirror_namespace, configmirror_name))");
    server.ask(settings, "ALTER TABLE configmaps OWNER TO " + settings.username);
}

}  // namespace

TEST_CASE("the sources of a ConfigMirror are rows, and rows follow what becomes of the sources and of the mirror",
          "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    auto a = mirrors.make_source("a", {{"key", "1"}});
    auto b = mirrors.make_source("b", {{"key", "2"}});
    world.make_config_map(world.sources(), "other", {{"key", "3"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    world.expect_data(config_map(red, "a"), {{"key", "1"}});
    mirrors.await_rows(server, settings, R"(a={"key": "1"} b={"key": "2"})");
    mirrors.await_database("one", "True", "Connected");
    CHECK(mirrors.has_finalizer("one"));
    world.await("the mirror says when a row was written", [&](const Objects&) {
        const auto said = mirrors.status("one").value("databaseStatus", Json::object());
        return said.value("connected", false) && said.contains("lastSyncTime") ? std::string() : said.dump();
    });
    CHECK(server.value(settings,
                       "SELECT string_agg(DISTINCT configmirror_namespace || '/' || configmirror_name || ' ' ||"
                       " namespace || ' ' || labels::text, '; ') FROM configmaps") ==
          mirrors.home() + "/one " + world.sources() + R"( {"replicate": "true"})");
    const std::string identity = "SELECT id || ' ' || created_at FROM configmaps WHERE name = 'a'";
    const auto before = server.value(settings, identity);

    a = world.change_data(a, {{"key", "one"}});
    mirrors.await_rows(server, settings, R"(a={"key": "one"} b={"key": "2"})");
    CHECK(server.value(settings, identity) == before);
    mirrors.make_source("c", {{"key", "3"}});
    mirrors.await_rows(server, settings, R"(a={"key": "one"} b={"key": "2"} c={"key": "3"})");
    world.remove(b);
    mirrors.await_rows(server, settings, R"(a={"key": "one"} c={"key": "3"})");
    world.change(a, {{"metadata", {{"labels", nullptr}}}});
    mirrors.await_rows(server, settings, R"(c={"key": "3"})");

    mirrors.remove("one");
    mirrors.expect_gone("one");
    CHECK(rows_of(server, settings).empty());
    world.check_absent(config_map(red, "c"));
    engine.settle();
}

TEST_CASE("a ConfigMirror without copies has rows and the finalizer all the same", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {world.id() + "-absent"}, "db");
    SECTION("where it selects nothing yet") {
        mirrors.await_database("one", "True", "Connected");
        CHECK(mirrors.has_finalizer("one"));
        mirrors.make_source("a", {{"key", "1"}});
        mirrors.await_rows(server, settings, R"(a={"key": "1"})");
    }
    SECTION("where its targets are absent") {
        mirrors.make_source("a", {{"key", "1"}});
        mirrors.await_rows(server, settings, R"(a={"key": "1"})");
        CHECK(mirrors.has_finalizer("one"));
    }
    mirrors.remove("one");
    mirrors.expect_gone("one");
    CHECK(rows_of(server, settings).empty());
}

TEST_CASE("mirrors that share a database have rows of their own", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    mirrors.make_source("a", {{"key", "1"}});
    mirrors.put_secret("db", settings);
    mirrors.put_secret("same", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.make("two", {blue}, "db");
    mirrors.make("three", {world.id() + "-absent"}, "same");
    mirrors.await_rows(server, settings, R"(a={"key": "1"} a={"key": "1"} a={"key": "1"})");
    mirrors.remove("one");
    mirrors.expect_gone("one");
    CHECK(server.value(settings,
                       "SELECT string_agg(configmirror_name, ' ' ORDER BY configmirror_name)"
                       " FROM configmaps") == "three two");
}

TEST_CASE("while nothing changes nothing is written: not to the database and not to the mirror, also by a restart",
          "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    mirrors.make_source("a", {{"key", "1"}});
    mirrors.make_source("b", {{"key", "2"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.await_rows(server, settings, R"(a={"key": "1"} b={"key": "2"})");
    mirrors.await_database("one", "True", "Connected");
    world.await("the status has both sources", [&](const Objects&) {
        const auto status = mirrors.status("one");
        const bool told = status.value("configMaps", 0) == 2 && status["databaseStatus"].contains("lastSyncTime");
        return told ? std::string() : status.dump();
    });
    engine.settle();
    const std::string written = "SELECT string_agg(ctid || ' ' || xmin, ', ' ORDER BY name) FROM configmaps";
    const auto rows = server.value(settings, written);
    const auto version = version_of(world.api.get(mirrors.ref("one")));
    SECTION("through a restart") {
        engine.restart();
    }
    SECTION("through a crash") {
        engine.crash();
        engine.start();
    }
    SECTION("through a change of a source that no row has") {
        world.api.merge(config_map(world.sources(), "a"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
        world.api.merge(config_map(world.sources(), "a"), {{"metadata", {{"finalizers", nullptr}}}});
    }
    // What comes after it has come true.
    mirrors.make("two", {red}, "db");
    world.await("the mirror that came later is told", [&](const Objects&) {
        const auto said = mirrors.status("two").value("databaseStatus", Json::object());
        return said.value("connected", false) && said.contains("lastSyncTime") ? std::string() : said.dump();
    });
    mirrors.remove("two");
    mirrors.expect_gone("two");
    engine.settle();
    CHECK(version_of(world.api.get(mirrors.ref("one"))) == version);
    CHECK(server.value(settings, written) == rows);
    world.change_data(world.api.get(config_map(world.sources(), "b")), {{"key", "3"}});
    mirrors.await_rows(server, settings, R"(a={"key": "1"} b={"key": "3"})");
}

TEST_CASE("a database that is turned off keeps its rows, says so, and is put right when it is turned on", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    const auto a = mirrors.make_source("a", {{"key", "1"}});
    const auto b = mirrors.make_source("b", {{"key", "2"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.await_rows(server, settings, R"(a={"key": "1"} b={"key": "2"})");
    mirrors.await_database("one", "True", "Connected");
    mirrors.change("one", {{"database", {{"enabled", false}}}});
    world.await("nothing is said of a database", [&](const Objects&) {
        const auto status = mirrors.status("one");
        const bool said = status.contains("databaseStatus") || !mirrors.condition("one", "DatabaseReady").empty();
        return said ? status.dump() : std::string();
    });
    world.await("an Event says that rows stay",
                [&](const Objects&) { return mirrors.told("one", "RowsLeft").empty() ? "there is none" : ""; });
    world.remove(a);
    world.change_data(b, {{"key", "two"}});
    world.expect_gone(config_map(red, "a"));
    world.expect_data(config_map(red, "b"), {{"key", "two"}});
    engine.settle();
    CHECK(rows_of(server, settings) == R"(a={"key": "1"} b={"key": "2"})");
    SECTION("and on again") {
        mirrors.change("one", {{"database", {{"enabled", true}}}});
        mirrors.await_rows(server, settings, R"(b={"key": "two"})");
        mirrors.await_database("one", "True", "Connected");
    }
    SECTION("and the mirror deleted, which waits for no database") {
        mirrors.remove("one");
        mirrors.expect_gone("one");
        CHECK(rows_of(server, settings) == R"(a={"key": "1"} b={"key": "2"})");
    }
}

TEST_CASE("another database gets every row, and the one before keeps what it has", "[rows]") {
    auto& server = Postgres::shared();
    const auto before = server.database();
    const auto after = server.database();
    make_table(server, after);
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    const auto a = mirrors.make_source("a", {{"key", "1"}});
    mirrors.make_source("b", {{"key", "2"}});
    mirrors.put_secret("db", before);
    mirrors.put_secret("next", after);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.await_rows(server, before, R"(a={"key": "1"} b={"key": "2"})");
    SECTION("by another Secret") {
        mirrors.change("one", {{"database", {{"secretRef", {{"name", "next"}}}}}});
    }
    SECTION("by the same Secret with another content") {
        mirrors.put_secret("db", after);
    }
    mirrors.await_rows(server, after, R"(a={"key": "1"} b={"key": "2"})");
    world.await("an Event says that rows stay",
                [&](const Objects&) { return mirrors.told("one", "RowsLeft").empty() ? "there is none" : ""; });
    world.change_data(a, {{"key", "3"}});
    mirrors.await_rows(server, after, R"(a={"key": "3"} b={"key": "2"})");
    CHECK(rows_of(server, before) == R"(a={"key": "1"} b={"key": "2"})");
    mirrors.remove("one");
    mirrors.expect_gone("one");
    CHECK(rows_of(server, after).empty());
    CHECK(rows_of(server, before) == R"(a={"key": "1"} b={"key": "2"})");
}

TEST_CASE("a row that the database refuses is named, and holds up no other", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    mirrors.make_source("a", {{"key", "1"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.await_rows(server, settings, R"(a={"key": "1"})");
    server.ask(settings, "ALTER TABLE configmaps ADD CONSTRAINT short CHECK (length(data::text) < 20)");
    mirrors.make_source("b", {{"key", "much too long for this table"}});
    mirrors.make_source("c", {{"key", "3"}});
    mirrors.await_rows(server, settings, R"(a={"key": "1"} c={"key": "3"})");
    const auto condition = mirrors.await_database("one", "True", "RowsRefused");
    CHECK(condition.value("message", "").find(world.sources() + "/b") != std::string::npos);
    CHECK(condition.value("message", "").find("much too long") == std::string::npos);
    world.expect_data(config_map(red, "b"), {{"key", "much too long for this table"}});
}

TEST_CASE("a mirror that is deleted, made anew at once and deleted again takes its rows along each time", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    mirrors.make_source("a", {{"key", "1"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    for (int round = 0; round < 3; ++round) {
        mirrors.make("one", {red}, "db");
        mirrors.await_rows(server, settings, R"(a={"key": "1"})");
        mirrors.await_database("one", "True", "Connected");
        mirrors.remove("one");
        mirrors.expect_gone("one");
        CHECK(rows_of(server, settings).empty());
    }
    engine.settle();
}

TEST_CASE("a mirror whose finalizer is taken off by hand takes its rows along", "[rows]") {
    auto& server = Postgres::shared();
    const auto settings = server.database();
    World world;
    Mirrors mirrors(world);
    const auto red = world.make_namespace("red");
    const auto a = mirrors.make_source("a", {{"key", "1"}});
    mirrors.put_secret("db", settings);
    Engine engine(world, mirrors.setup());
    mirrors.make("one", {red}, "db");
    mirrors.await_rows(server, settings, R"(a={"key": "1"})");
    world.api.merge(config_map(red, "a"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    mirrors.remove("one");
    world.await("the copy is being deleted", [&](const Objects& objects) {
        const auto* copy = objects.find(config_map(red, "a"));
        return copy != nullptr && copy->at("metadata").contains("deletionTimestamp") ? "" : "it is not";
    });
    CHECK(rows_of(server, settings) == R"(a={"key": "1"})");
    world.api.merge(mirrors.ref("one"), {{"metadata", {{"finalizers", nullptr}}}});
    mirrors.expect_gone("one");
    mirrors.await_rows(server, settings, "");
    world.api.merge(config_map(red, "a"), {{"metadata", {{"finalizers", nullptr}}}});
}

}  // namespace moontide::test
