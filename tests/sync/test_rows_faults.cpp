// Rows of a ConfigMirror while its database, its Secret or the engine is in trouble: copies go on, and rows catch up.
#include "mirrors.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

using Postgres = store::test::Server;

/// A mirror at work with one source, its copy and its row.
struct Working {
    Postgres& server = Postgres::shared();
    store::Settings settings = server.database();
    World world;
    Mirrors mirrors{world};
    std::string red = world.make_namespace("red");
    Json a = mirrors.make_source("a", {{"key", "1"}});

    Working() { mirrors.put_secret("db", settings); }

    void begin() {
        mirrors.make("one", {red}, "db");
        mirrors.await_rows(server, settings, R"(a={"key": "1"})");
        mirrors.await_database("one", "True", "Connected");
    }
    void change_and_expect_copy(const char* value) {
        a = world.change_data(a, {{"key", value}});
        world.expect_data(config_map(red, "a"), {{"key", value}});
    }
};

}  // namespace

TEST_CASE("while a database is away copies go on, and its rows catch up when it is back", "[rows]") {
    Working at;
    Engine engine(at.world, at.mirrors.setup());
    at.begin();
    const bool frozen = GENERATE(false, true);
    CAPTURE(frozen);
    if (frozen) {
        at.server.freeze();
    } else {
        at.server.stop();
    }
    at.change_and_expect_copy("2");
    const auto b = at.mirrors.make_source("b", {{"key", "1"}});
    at.world.expect_data(config_map(at.red, "b"), {{"key", "1"}});
    const auto away = at.mirrors.await_database("one", "False", "ConnectionFailed");
    CHECK_FALSE(away.value("message", "").empty());
    at.world.await("the copies are as wanted", [&](const Objects&) {
        const auto ready = at.mirrors.condition("one", "Ready");
        return ready.value("status", "") == "True" ? std::string() : ready.dump();
    });
    at.change_and_expect_copy("3");
    at.world.remove(b);
    at.world.expect_gone(config_map(at.red, "b"));
    if (frozen) {
        at.server.thaw();
    } else {
        at.server.start();
    }
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "3"})");
    at.mirrors.await_database("one", "True", "Connected");
}

TEST_CASE("a database that is killed within a COMMIT has each row once, as it is now", "[rows]") {
    Working at;
    Engine engine(at.world, at.mirrors.setup());
    at.begin();
    // A commit waits for a replica that does not exist: it is written, and nobody is told.
    at.server.ask(at.settings, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    at.server.ask(at.settings, "SELECT pg_reload_conf()");
    at.server.await(at.settings, "SHOW synchronous_standby_names", "nobody");
    at.change_and_expect_copy("2");
    at.mirrors.make_source("b", {{"key", "1"}});
    at.server.await(at.settings, "SELECT least(count(*), 1) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
    at.server.stop(SIGQUIT);
    std::filesystem::remove(at.server.folder() / "data/postgresql.auto.conf");
    at.change_and_expect_copy("3");
    at.server.start();
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "3"} b={"key": "1"})");
    at.mirrors.await_database("one", "True", "Connected");
}

TEST_CASE("what happens between a write to the API and its row is made good by the next start", "[rows]") {
    Working at;
    const auto b = at.mirrors.make_source("b", {{"key", "1"}});
    Engine engine(at.world, at.mirrors.setup());
    at.mirrors.make("one", {at.red}, "db");
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "1"} b={"key": "1"})");
    engine.settle();
    at.server.stop();
    at.change_and_expect_copy("2");
    at.world.remove(b);
    at.world.expect_gone(config_map(at.red, "b"));
    SECTION("of sources") {
        engine.crash();
        at.server.start();
        CHECK(rows_of(at.server, at.settings) == R"(a={"key": "1"} b={"key": "1"})");
        engine.start();
        at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "2"})");
    }
    SECTION("of a mirror that is being deleted") {
        at.mirrors.remove("one");
        at.world.expect_gone(config_map(at.red, "a"));
        engine.crash();
        at.server.start();
        CHECK(at.mirrors.has_finalizer("one"));
        engine.start();
        at.mirrors.expect_gone("one");
        CHECK(rows_of(at.server, at.settings).empty());
    }
    SECTION("of a mirror that is deleted while no engine runs") {
        engine.crash();
        at.server.start();
        at.mirrors.remove("one");
        engine.start();
        at.mirrors.expect_gone("one");
        CHECK(rows_of(at.server, at.settings).empty());
    }
}

TEST_CASE("a mirror that is deleted while its database is away waits for it and says so", "[rows]") {
    Working at;
    Engine engine(at.world, at.mirrors.setup());
    at.begin();
    at.server.stop();
    at.mirrors.remove("one");
    at.world.expect_gone(config_map(at.red, "a"));
    at.mirrors.await_database("one", "False", "ConnectionFailed");
    at.world.await("the mirror says what it waits for", [&](const Objects&) {
        const auto message = at.mirrors.condition("one", "Ready").value("message", "");
        return message.find("its rows wait to be deleted") != std::string::npos ? std::string() : message;
    });
    engine.settle();
    CHECK(at.mirrors.has_finalizer("one"));
    SECTION("and goes with its rows when the database is back") {
        at.server.start();
        at.mirrors.expect_gone("one");
        CHECK(rows_of(at.server, at.settings).empty());
    }
    SECTION("and waits through a restart of the engine") {
        engine.restart();
        engine.settle();
        CHECK(at.mirrors.has_finalizer("one"));
        at.server.start();
        at.mirrors.expect_gone("one");
        CHECK(rows_of(at.server, at.settings).empty());
    }
    SECTION("or goes without them when its database is turned off") {
        at.mirrors.change("one", {{"database", {{"enabled", false}}}});
        at.mirrors.expect_gone("one");
        at.server.start();
        CHECK(rows_of(at.server, at.settings) == R"(a={"key": "1"})");
    }
    SECTION("and its successor of the same name has its own rows") {
        at.world.api.merge(at.mirrors.ref("one"), {{"metadata", {{"finalizers", nullptr}}}});
        at.mirrors.expect_gone("one");
        at.mirrors.make_source("b", {{"key", "1"}});
        at.mirrors.make("one", {at.red}, "db");
        at.world.expect_data(config_map(at.red, "b"), {{"key", "1"}});
        at.server.start();
        at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "1"} b={"key": "1"})");
    }
}

TEST_CASE("a wrong password is said without it, and a right one is taken at once", "[rows]") {
    Working at;
    const auto right = at.server.by_port(at.settings);
    auto wrong = right;
    wrong.password = "hunter2 of nobody";
    at.mirrors.put_secret("db", wrong);
    Engine engine(at.world, at.mirrors.setup());
    at.mirrors.make("one", {at.red}, "db");
    at.world.expect_data(config_map(at.red, "a"), {{"key", "1"}});
    const auto condition = at.mirrors.await_database("one", "False", "ConnectionFailed");
    CHECK(condition.value("message", "").find("password") != std::string::npos);
    engine.settle();
    CHECK(rows_of(at.server, at.settings) == "no table");
    const auto said =
        at.world.api.get(at.mirrors.ref("one")).dump() + Json(at.world.api.list("Event", at.mirrors.home())).dump();
    CHECK(said.find("hunter2") == std::string::npos);
    at.mirrors.put_secret("db", right);
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "1"})");
    at.mirrors.await_database("one", "True", "Connected");
    // The password is changed at the server, and then in the Secret.
    at.server.ask(at.settings, "ALTER ROLE " + at.settings.username + " PASSWORD 'another one'");
    at.server.ask(at.settings, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" +
                                   at.settings.username + "'");
    at.change_and_expect_copy("2");
    at.mirrors.await_database("one", "False", "ConnectionFailed");
    auto renewed = right;
    renewed.password = "another one";
    at.mirrors.put_secret("db", renewed);
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "2"})");
}

TEST_CASE("a Secret that is absent or leads nowhere is said, and healed when it is mended", "[rows]") {
    Working at;
    Engine engine(at.world, at.mirrors.setup());
    SECTION("absent from the beginning") {
        at.mirrors.remove_secret("db");
        at.mirrors.make("one", {at.red}, "db");
    }
    SECTION("deleted later") {
        at.begin();
        at.mirrors.remove_secret("db");
    }
    const auto absent = at.mirrors.await_database("one", "False", "SecretNotFound");
    CHECK(absent.value("message", "").find(at.mirrors.home() + "/db") != std::string::npos);
    at.change_and_expect_copy("2");
    at.mirrors.put_secret("db", Json{{"host", "postgres.example"}, {"username", "me"}, {"password", "hunter2"}});
    const auto invalid = at.mirrors.await_database("one", "False", "SecretInvalid");
    CHECK(invalid.value("message", "").find("key 'dbname' is missing") != std::string::npos);
    CHECK(invalid.value("message", "").find("hunter2") == std::string::npos);
    at.change_and_expect_copy("3");
    at.mirrors.put_secret("db", at.settings);
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "3"})");
    at.mirrors.await_database("one", "True", "Connected");
}

TEST_CASE("a mirror that is deleted while its Secret is absent waits for the Secret", "[rows]") {
    Working at;
    Engine engine(at.world, at.mirrors.setup());
    at.begin();
    at.mirrors.remove_secret("db");
    at.mirrors.await_database("one", "False", "SecretNotFound");
    at.mirrors.remove("one");
    at.world.expect_gone(config_map(at.red, "a"));
    at.world.await("the mirror says what it waits for", [&](const Objects&) {
        const auto message = at.mirrors.condition("one", "Ready").value("message", "");
        return message.find("its rows wait to be deleted: Secret") != std::string::npos ? std::string() : message;
    });
    CHECK(at.mirrors.has_finalizer("one"));
    CHECK(rows_of(at.server, at.settings) == R"(a={"key": "1"})");
    at.mirrors.put_secret("db", at.settings);
    at.mirrors.expect_gone("one");
    CHECK(rows_of(at.server, at.settings).empty());
}

TEST_CASE("rows of sources that vanished all at once stay as long as their copies do", "[rows]") {
    Working at;
    for (int number = 0; number < 20; ++number) {
        at.mirrors.make_source("many-" + std::to_string(number), {{"key", "1"}});
    }
    Engine engine(at.world, at.mirrors.setup());
    at.mirrors.make("one", {at.red}, "db");
    const std::string count = "SELECT count(*) FROM configmaps";
    at.world.await("every source is a row", [&](const Objects&) {
        if (rows_of(at.server, at.settings) == "no table") return std::string("no table");
        const auto rows = at.server.value(at.settings, count);
        return rows == "21" ? std::string() : rows;
    });
    engine.stop();
    for (int number = 0; number < 20; ++number) {
        at.world.api.remove(config_map(at.world.sources(), "many-" + std::to_string(number)));
    }
    engine.start();
    at.world.await("the engine asks before it deletes that many",
                   [&](const Objects&) { return engine.sync().pauses().empty() ? "it does not" : ""; });
    at.change_and_expect_copy("2");
    at.server.await(at.settings, "SELECT data ->> 'key' FROM configmaps WHERE name = 'a'", "2");
    CHECK(at.server.value(at.settings, count) == "21");
    REQUIRE(engine.sync().confirm(engine.sync().pauses().front().plan));
    at.mirrors.await_rows(at.server, at.settings, R"(a={"key": "2"})");
}

TEST_CASE("a dry run asks for no database", "[rows]") {
    Working at;
    at.mirrors.make("one", {at.red}, "db");
    auto setup = at.mirrors.setup();
    setup.dry_run = true;
    Engine engine(at.world, setup);
    engine.settle();
    CHECK(rows_of(at.server, at.settings) == "no table");
    CHECK_FALSE(at.mirrors.has_finalizer("one"));
}

}  // namespace moontide::test
