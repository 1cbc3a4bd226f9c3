// Not run by default: rows a second and round trips a row. `test_store "[.measure]"`; MOONTIDE_ROWS=100000 for more.
#include "witness.hpp"

#include <thread>

#include <catch2/catch.hpp>
#include <fmt/core.h>

using namespace moontide;
using namespace moontide::store;
using namespace moontide::store::test;

namespace {

std::vector<Row> rows_with(std::uint64_t count, char content) {
    std::vector<Row> rows;
    for (std::uint64_t i = 0; i < count; ++i) {
        rows.push_back(row("row" + std::to_string(i), R"({"key":")" + std::string(1'000, content) + "\"}"));
    }
    return rows;
}

}  // namespace

TEST_CASE("rows a second and round trips a row", "[.measure]") {
    auto& server = Server::shared();
    const auto settings = server.database();
    const auto count = moontide::test::number_from("MOONTIDE_ROWS", 10'000);
    Options options;
    options.name = "ops/database";
    Witness store(settings, options);
    REQUIRE(store.await_ready());
    const auto wait_until_settled = [&] {
        while (store->state(mirror).waiting > 0) std::this_thread::yield();
    };
    const auto measured = [&](const char* what, const std::function<void()>& act) {
        const auto begin = std::chrono::steady_clock::now();
        act();
        wait_until_settled();
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        fmt::print("{:<12} {:>8.3f} s {:>10.0f} rows/s\n", what, seconds.count(),
                   static_cast<double>(count) / seconds.count());
    };
    measured("new", [&] { store->replace(mirror, rows_with(count, 'a')); });
    measured("as they are", [&] { store->replace(mirror, rows_with(count, 'a')); });
    measured("changed", [&] { store->replace(mirror, rows_with(count, 'b')); });
    measured("superfluous", [&] { store->replace(mirror, {}); });
    measured("new again", [&] { store->replace(mirror, rows_with(count, 'b')); });
    measured("removed", [&] { store->remove_all(mirror); });
    constexpr int changes = 200;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < changes; ++i) {
        store->put(mirror, {row("one", R"({"i":")" + std::to_string(i) + "\"}")});
        wait_until_settled();
    }
    const std::chrono::duration<double, std::milli> each = std::chrono::steady_clock::now() - begin;
    fmt::print("one row after another: {:.2f} ms each\n", each.count() / changes);
    // A session's statistics are complete when it has ended.
    store.end();
    const auto trips = std::stod(
        server.value(settings, "SELECT xact_commit FROM pg_stat_database WHERE datname = '" + settings.dbname + "'"));
    fmt::print("round trips: {:.4f} a row\n", (trips - changes) / static_cast<double>(4 * count));
}

TEST_CASE("a server that hangs is found within a minute with the limits as they are", "[.measure]") {
    auto& server = Server::shared();
    const auto settings = server.database();
    for (const bool busy : {false, true}) {
        Store store(settings, {}, {});
        while (!store.state().ready) std::this_thread::yield();
        server.freeze();
        const auto begin = std::chrono::steady_clock::now();
        if (busy) store.put(mirror, {row("a")});
        while (store.state().ready && std::chrono::steady_clock::now() - begin < 60s) std::this_thread::sleep_for(50ms);
        const std::chrono::duration<double> found = std::chrono::steady_clock::now() - begin;
        server.thaw();
        fmt::print("{}: found after {:.1f} s\n", busy ? "with something to do" : "with nothing to do", found.count());
        CHECK(found < 60s);
    }
}
