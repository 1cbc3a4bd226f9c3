#include "../kube/loopback.hpp"
#include "planned.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

/// Targets that were refused, and a server that answers to the watches of them.
struct Refused : kube::Loopback {
    std::atomic<int> asked{0};
    int status = 403;
    std::string list;  ///< the answer to lists, where it is to be another
    status::Metrics metrics;
    Board board;

    static SyncOptions options() {
        SyncOptions options;
        options.refused_again = Milliseconds(200);
        return options;
    }

    Refused()
        : Loopback([this](const kube::http2::ExchangePtr& exchange) {
              ++asked;
              const bool lists = exchange->request().path.find("watch=") == std::string::npos;
              if (lists && !list.empty()) return exchange->respond(200, {}, list);
              if (status != 0) exchange->respond(status, {}, R"({"kind":"Status","message":"not for you"})");
          }),
          board(options(), metrics, {}, 1) {
        auto access = kube::Identities::shared().access();
        access.server = "https://127.0.0.1:" + std::to_string(server->port());
        board.client = kube::Client::create(loop, access, {}).value();
        watch::IngestOptions by_lists;
        by_lists.watch_list = false;
        board.ingest = std::make_unique<watch::Ingest>(loop, *board.client, by_lists);
        board.foreigners = std::make_unique<Foreigners>(board);
        board.kinds.id(config_maps);
    }
    ~Refused() { board.ingest.reset(); }

    plan::TargetKey refuse(int number) {
        const plan::TargetKey target{board.names.id("apps"), board.names.id("n" + std::to_string(number)), 0};
        board.have.with([&](plan::Have& have) { have.troubles().put(target, {.unit = 7, .refused = true}); });
        return target;
    }
};

}  // namespace

TEST_CASE("sixteen of a kind are watched, the others are looked at now and then") {
    Refused refused;
    refused.status = 0;  // the watches stand
    for (int number = 0; number < 20; ++number) {
        INFO(number);
        CHECK(refused.board.foreigners->await(refused.refuse(number), 7, true) == (number < 16));
    }
    CHECK(refused.board.foreigners->await(refused.refuse(3), 8, true));
    CHECK(refused.board.foreigners->watched() == 16);

    // Those that are refused no more give their places back.
    refused.board.have.with([](plan::Have& have) { have.troubles().clear(); });
    kube::run_until(refused.loop, [&] { return refused.board.foreigners->watched() == 0; });
    CHECK(refused.board.foreigners->await(refused.refuse(19), 7, true));
}

TEST_CASE("what came or went before its watch began is looked at at once") {
    Refused refused;
    refused.status = 0;  // the watch stands
    const bool seen = GENERATE(true, false);
    const std::string object = R"({"metadata":{"name":"n1","namespace":"apps","uid":"u","resourceVersion":"4"}})";
    refused.list = R"({"apiVersion":"v1","kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":[)" +
                   (seen ? "" : object) + "]}";
    const auto target = refused.refuse(1);
    CHECK(refused.board.foreigners->await(target, 7, seen));
    std::atomic<bool> stirred{false};
    std::jthread worker([&](const std::stop_token& token) {
        const auto work = refused.board.queue.take(token);
        stirred = work && work->key == queue::Key{7, target.namespace_name};
    });
    kube::run_until(refused.loop, [&] { return stirred.load(); });
    CHECK(stirred);
}

TEST_CASE("where such watches are denied the target is looked at now and then, and no other is tried") {
    Refused refused;
    const auto target = refused.refuse(1);
    CHECK(refused.board.foreigners->await(target, 7, true));
    kube::run_until(refused.loop, [&] { return refused.board.foreigners->watched() == 0; });
    std::stop_source stop;
    const auto work = refused.board.queue.take(stop.get_token());
    REQUIRE(work);
    CHECK(work->key == queue::Key{7, target.namespace_name});
    const auto asked = refused.asked.load();
    CHECK_FALSE(refused.board.foreigners->await(target, 7, true));
    CHECK_FALSE(refused.board.foreigners->await(refused.refuse(2), 7, true));
    CHECK(refused.asked == asked);
}
