// A database that stops, hangs, is killed, is full, or does not let us in: copies of rows catch up, none is lost.
#include "witness.hpp"

#include <catch2/catch.hpp>
#include <sys/mount.h>

using namespace moontide;
using namespace moontide::store;
using namespace moontide::store::test;

namespace {

const std::string row_names = "SELECT string_agg(name, ' ' ORDER BY name) FROM configmaps";

/// How long it takes to end.
Milliseconds time_to_end(Witness& store) {
    const auto begin = std::chrono::steady_clock::now();
    store.end();
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

TEST_CASE("rows catch up when a database that was stopped is back") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());
    server.stop();
    REQUIRE(store.await_not_ready());
    CHECK_FALSE(store->state().connected);
    CHECK_FALSE(store->state().message.empty());
    store->put(mirror, {row("b")});
    store->remove(mirror, {{"app", "a"}});
    CHECK(store->state(mirror).waiting == 2);
    server.start();
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, row_names) == "b");
    CHECK(store->state().message.empty());
}

TEST_CASE("a database that was never there is waited for") {
    auto& server = Server::shared();
    const auto settings = server.database();
    server.stop();
    Witness store(settings);
    store->replace(mirror, {row("a")});
    store->remove_all({"ops", "other"});
    REQUIRE(store.await([](Store& one) { return one.state().message.find("failed") != std::string::npos; }));
    CHECK_FALSE(store.was_gone({"ops", "other"}));
    // The folder is a value of the Secret.
    CHECK(store->state().message.find(server.folder()) == std::string::npos);
    server.start();
    REQUIRE(store.await_settled());
    REQUIRE(store.await_gone({"ops", "other"}));
    CHECK(server.value(settings, row_names) == "a");
}

TEST_CASE("a database that hangs is noticed, also while there is nothing to do, and goes on") {
    auto& server = Server::shared();
    const auto settings = server.database();
    for (const bool busy : {true, false}) {
        Witness store(settings);
        REQUIRE(store.await_ready());
        server.freeze();
        if (busy) store->put(mirror, {row("a", R"({"old":"1"})")});
        CHECK(store.await_not_ready());
        CHECK(store->state().message.find("does not answer") != std::string::npos);
        store->put(mirror, {row("a", R"({"new":"1"})")});
        server.thaw();
        REQUIRE(store.await_settled());
        CHECK(server.value(settings, "SELECT data ->> 'new' FROM configmaps") == "1");
    }
}

TEST_CASE("a store ends within two seconds whatever its database does") {
    auto& server = Server::shared();
    const auto settings = server.database();
    auto options = quick();
    options.connect = options.statement = options.answer = 60s;
    const auto bound = moontide::test::patient(2'000ms);
    {
        Witness connected(settings, options);
        REQUIRE(connected.await_ready());
        Witness idle(settings, options);
        REQUIRE(idle.await_ready());
        server.freeze();
        connected->put(mirror, {row("a")});
        Witness connecting(server.by_port(settings), options);
        CHECK(time_to_end(connecting) < bound);
        CHECK(time_to_end(connected) < bound);
        CHECK(time_to_end(idle) < bound);
        server.thaw();
    }
    server.stop();
    Witness waiting(settings, options);
    REQUIRE(waiting.await([](Store& one) { return one.state().message.find("failed") != std::string::npos; }));
    CHECK(time_to_end(waiting) < bound);
}

TEST_CASE("a commit that nobody heard of is done again, and touches no row that it wrote") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());

    // A commit waits for a replica that does not exist: it is written, and nobody is told.
    server.ask(settings, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.ask(settings, "SELECT pg_reload_conf()");
    server.await(settings, "SHOW synchronous_standby_names", "nobody");
    store->put(mirror, {row("a", R"({"a":"2"})"), row("b")});
    server.await(settings, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
    server.stop(SIGQUIT);
    std::filesystem::remove(server.folder() / "data/postgresql.auto.conf");
    server.start();
    REQUIRE(store.await_settled());
    // An id that was drawn after the crash would be a higher one, and a time that was written by another transaction
    // another one.
    CHECK(server.value(settings, "SELECT string_agg(name || id, ' ' ORDER BY name) FROM configmaps") == "a1 b2");
    CHECK(server.value(settings,
                       "SELECT count(DISTINCT time) FROM (SELECT updated_at AS time FROM configmaps UNION ALL"
                       " SELECT created_at FROM configmaps WHERE name = 'b') AS times") == "1");
}

TEST_CASE("a session that is killed at work is followed by another") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    REQUIRE(store.await_ready());
    for (int i = 0; i < 20; ++i) {
        store->put(mirror, {row("row" + std::to_string(i))});
        server.ask(settings, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" +
                                 settings.username + "'");
    }
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "20");
}

TEST_CASE("what an earlier connection left at work is ended before newer rows are written") {
    auto& server = Server::shared();
    const auto settings = server.database();
    auto options = quick();
    options.statement = 60s;  // the server itself does not end it
    options.connections = 1;
    Witness store(settings, options);
    REQUIRE(store.await_ready());
    server.ask(settings, R"(
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.data ? 'slow' THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$)");
    server.ask(settings, "CREATE TRIGGER slow BEFORE INSERT ON configmaps FOR EACH ROW EXECUTE FUNCTION slow()");
    store->put(mirror, {row("a", R"({"slow":"1"})")});
    REQUIRE(store.await_not_ready());
    store->put(mirror, {row("a", R"({"quick":"1"})")});
    REQUIRE(store.await_settled());
    CHECK(server.value(settings,
                       "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%incoming%' AND"
                       " pid <> pg_backend_pid() AND state = 'active'") == "0");
    CHECK(server.value(settings, "SELECT data FROM configmaps") == R"({"quick": "1"})");
}

TEST_CASE("an owner whose rows take long holds up nobody") {
    auto& server = Server::shared();
    const auto settings = server.database();
    auto options = quick();
    options.statement = options.answer = 60s;
    Witness store(settings, options);
    REQUIRE(store.await_ready());
    server.ask(settings, R"(
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.data ? 'slow' THEN
                WHILE NOT pg_try_advisory_xact_lock(1) LOOP PERFORM pg_sleep(0.02); END LOOP;
            END IF;
            RETURN NEW;
        END $$)");
    server.ask(settings, "CREATE TRIGGER slow BEFORE INSERT ON configmaps FOR EACH ROW EXECUTE FUNCTION slow()");
    auto super = settings;
    super.username = "postgres";
    auto holder = Connection::open(super, {10s, 60s, 60s}, -1).value();
    REQUIRE(std::holds_alternative<Table>(holder.ask("SELECT pg_advisory_lock(1)").value()));
    store->put(mirror, {row("a", R"({"slow":"1"})")});
    server.await(settings, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "1");
    store->put({"ops", "other"}, {row("b")});
    REQUIRE(store.await([](Store& one) { return one.state({"ops", "other"}).last_written.has_value(); }));
    REQUIRE(std::holds_alternative<Table>(holder.ask("SELECT pg_advisory_unlock(1)").value()));
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, row_names) == "a b");
}

TEST_CASE("rows that something of the user's refers to are not gone before they are") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a"), row("b")});
    REQUIRE(store.await_settled());
    server.ask(settings, "CREATE TABLE notes AS SELECT id FROM configmaps");
    server.ask(settings, "ALTER TABLE notes ADD FOREIGN KEY (id) REFERENCES configmaps (id)");
    store->remove_all(mirror);
    REQUIRE(store.await([](Store& one) { return one.state(mirror).message.find("foreign key") != std::string::npos; }));
    CHECK_FALSE(store.was_gone());
    server.ask(settings, "DROP TABLE notes");
    REQUIRE(store.await_gone());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "0");
}

TEST_CASE("a password that is wrong is said, and a Secret that is mended is tried at once") {
    auto& server = Server::shared();
    const auto settings = server.by_port(server.database());
    auto wrong = settings;
    wrong.password = "not this one";
    auto options = quick();
    options.backoff_first = options.backoff_last = 60s;
    Witness store(wrong, options);
    store->put(mirror, {row("a")});
    REQUIRE(store.await([](Store& one) { return one.state().message.find("password") != std::string::npos; }));
    CHECK(store->state().message.find("not this one") == std::string::npos);
    CHECK(store->state().message.find(settings.username) == std::string::npos);
    store->use(settings);
    REQUIRE(store.await_settled());
    CHECK(server.value(settings, row_names) == "a");
}

TEST_CASE("TLS is verified against the Secret's certificates and the host's name") {
    auto& server = Server::shared();
    auto settings = server.by_port(server.database());
    settings.sslmode = "verify-full";
    settings.sslrootcert = server.authority_pem;
    {
        Witness store(settings);
        store->put(mirror, {row("a")});
        REQUIRE(store.await_settled());
        CHECK(server.value(settings,
                           "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE"
                           " usename = '" +
                               settings.username + "'") == "t");
    }
    const auto complaint = [](Settings with) {
        Witness store(std::move(with));
        CHECK(store.await([](Store& one) { return one.state().message.find("failed") != std::string::npos; }));
        CHECK_FALSE(store->state().connected);
        return store->state().message;
    };
    auto other = settings;
    other.sslrootcert = server.other_authority_pem;
    CHECK(complaint(other).find("certificate verify failed") != std::string::npos);
    auto by_another_name = settings;
    by_another_name.host = "127.0.0.2";
    CHECK_THAT(complaint(by_another_name), Catch::Contains("does not match"));
    auto by_system = settings;
    by_system.sslrootcert.clear();
    CHECK(complaint(by_system).find("certificate") != std::string::npos);
}

TEST_CASE("a host may be a name, or several of which some are away", "[resolver]") {
    auto& server = Server::shared();
    const auto settings = server.by_port(server.database());
    for (const char* host : {"localhost", "127.0.0.3,localhost", "no-such-name.invalid,127.0.0.1"}) {
        auto named = settings;
        named.host = host;
        Witness store(named);
        CAPTURE(host, store->state().message);
        CHECK(store.await_ready());
    }
    auto unknown = settings;
    unknown.host = "no-such-name.invalid";
    Witness store(unknown);
    CHECK(
        store.await([](Store& one) { return one.state().message.find("<host> has no address") != std::string::npos; }));
}

TEST_CASE("a full disk is said, and rows come when there is room") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());

    // A table on a small file system, where one may be mounted; else the server's word for a full disk.
    const auto place = server.folder() / "small";
    std::filesystem::create_directory(place);
    const bool mounted = ::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (mounted) {
        server.hand_over(place);
        server.ask(settings, "CREATE TABLESPACE small LOCATION '" + place.string() + "'");
        server.ask(settings, "ALTER TABLE configmaps SET TABLESPACE small");
        server.ask(settings, "CREATE TABLE filler (text text) TABLESPACE small");
        CHECK_THROWS(server.ask(settings, "INSERT INTO filler SELECT repeat('x', 500) FROM generate_series(1, 9999)"));
    } else {
        WARN("no file system may be mounted here: a trigger says that the disk is full");
        server.ask(settings, "CREATE TABLE filler ()");
        server.ask(settings, R"(
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF to_regclass('filler') IS NOT NULL THEN
                RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$)");
        server.ask(settings, "CREATE TRIGGER t BEFORE INSERT ON configmaps FOR EACH ROW EXECUTE FUNCTION full_disk()");
    }
    std::vector<Row> rows;
    for (int i = 0; i < 200; ++i)
        rows.push_back(row("row" + std::to_string(i), R"({"k":")" + std::string(400, 'x') + "\"}"));
    store->put(mirror, rows);
    CHECK(store.await_not_ready());
    CHECK(store->state().connected);
    CHECK(store->state().message.find("could not extend file") != std::string::npos);
    CHECK(store->state(mirror).refused == 0);

    server.ask(settings, "DROP TABLE filler");
    CHECK(store.await_settled());
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "201");
    store.end();
    if (mounted) {
        server.ask(settings, "DROP TABLE configmaps");
        server.ask(settings, "DROP TABLESPACE small");
        CHECK(::umount(place.c_str()) == 0);
    }
}

TEST_CASE("rows beyond what may wait are asked for again when the database is back") {
    auto& server = Server::shared();
    const auto settings = server.database();
    server.stop();
    auto options = quick();
    options.waiting_bytes = 4'000;
    Witness store(settings, options);
    std::vector<Row> rows;
    for (int i = 0; i < 100; ++i) rows.push_back(row("row" + std::to_string(i)));
    store.on_again = [&](const Owner& owner) { store->replace(owner, rows); };
    store->replace(mirror, rows);
    store->put({"ops", "small"}, {row("a")});
    CHECK(store->state(mirror).waiting == 1);
    server.start();
    REQUIRE(store.await_settled({"ops", "small"}));
    REQUIRE(store.await_settled());
    CHECK(store.was_asked_again());
    CHECK_FALSE(store.was_asked_again({"ops", "small"}));
    CHECK(server.value(settings, "SELECT count(*) FROM configmaps") == "101");
}

TEST_CASE("a released owner's rows stay, and hold up nobody") {
    auto& server = Server::shared();
    const auto settings = server.database();
    Witness store(settings);
    store->put(mirror, {row("a")});
    REQUIRE(store.await_settled());
    server.stop();
    store->remove_all(mirror);
    store->put(mirror, {row("b")});
    store->release(mirror);
    CHECK(store->state(mirror) == OwnerState{});
    server.start();
    REQUIRE(store.await_ready());
    store->put({"ops", "other"}, {row("c")});
    REQUIRE(store.await_settled({"ops", "other"}));
    CHECK(server.value(settings, row_names) == "a c");
    CHECK_FALSE(store.was_gone());
}
