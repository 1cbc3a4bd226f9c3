#include "sync/forgetting.hpp"

#include "planned.hpp"
#include "sync/sources.hpp"

#include <cstddef>

#include <catch2/catch.hpp>
#include <malloc.h>

using namespace moontide;
using namespace moontide::sync;

namespace {

/// Sources come and go as a watch tells it; each is looked at in between, and has a copy for a while.
struct Churn : Planned {
    Forgetting forgetting{board, reach, companions, [] { return false; }};
    kube::Reader reader;
    kube::ResourceVersion version = 100;
    std::unique_ptr<cache::Feed> feed;

    Churn() : Planned({"flux-system", "apps", "web"}, dry()) {
        add("p", {}, {"apps", "web"});
        auto& of_policy = *board.sources.front();
        of_policy.policies = {0};
        feed = std::make_unique<cache::Feed>(
            of_policy.store, config_maps.kind, [](const kube::Metadata&) { return true; },
            [this, &of_policy](const cache::Change& change) { took(board, of_policy, change, reader); }, nullptr);
        feed->relist_begun();
        feed->relisted(99);
    }
    static SyncOptions dry() {
        auto options = Planned::options();
        options.dry_run = true;
        return options;
    }
    void tell(watch::EventType type, const std::string& name) {
        ++version;
        feed->changed(type, fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}",)"
                                        R"("namespace":"flux-system","uid":"u{}","resourceVersion":"{}"}}}})",
                                        name, name, version));
    }
    void work() {
        std::stop_source stop;
        while (!board.queue.idle()) {
            const auto key = board.queue.take(stop.get_token())->key;
            planner.look_at(key);
            board.queue.done(key);
        }
    }
    plan::UnitId unit(const std::string& name) {
        plan::Bond bond;
        bond.policy = "p";
        bond.source = {config_maps.kind, "flux-system", name};
        return board.units.find(bond).value_or(0);
    }
    void live_and_die(const std::string& name) {
        tell(watch::EventType::added, name);
        work();
        plan::Record record;
        record.unit = unit(name);
        record.made = record.labelled = true;
        const plan::TargetKey target{board.names.id("apps"), board.names.id(name), 0};
        board.have.with([&](plan::Have& have) { have.put(target, record); });
        tell(watch::EventType::deleted, name);
        board.have.with([&](plan::Have& have) { have.remove(target); });
        work();
    }
};

}  // namespace

TEST_CASE("100,000 sources that come and go leave nothing behind") {
    Churn churn;
    const auto held = [] { return static_cast<std::ptrdiff_t>(mallinfo2().uordblks + mallinfo2().hblkhd); };
    std::ptrdiff_t before = 0;
    for (int number = 0; number < 100'000; ++number) {
        churn.live_and_die("source-with-a-name-of-its-own-" + std::to_string(number));
        if (number % 2'000 == 1'999) churn.forgetting.sweep();
        if (number == 19'999) before = held();
    }
    CHECK(held() - before < 1 << 20);
    for (int sweep = 0; sweep < 3; ++sweep) churn.forgetting.sweep();
    CHECK(churn.board.units.size() == 0);
    CHECK(churn.board.names.size() < 10'000);
    CHECK(churn.reach.distinct() == 0);
}

TEST_CASE("what something still speaks of is not forgotten") {
    Churn churn;
    churn.live_and_die("a");
    const auto unit = churn.unit("a");
    REQUIRE(unit != 0);
    const auto target = churn.target("apps");
    const auto set = [&](auto change) { churn.board.have.with(change); };
    std::function<void()> release;
    SECTION("a copy") {
        churn.stands("apps", unit);
        release = [&] { set([&](plan::Have& have) { have.remove(target); }); };
    }
    SECTION("a step") {
        set([&](plan::Have& have) { have.issue(target, unit, false); });
        release = [&] { set([&](plan::Have& have) { have.close(target); }); };
    }
    SECTION("a claim on another's copy") {
        set([&](plan::Have& have) { have.contest(target, unit); });
        release = [&] { set([&](plan::Have& have) { have.withdraw(target, unit); }); };
    }
    SECTION("a plan that waits for a yes") {
        auto& gate = churn.board.policies.front()->gate;
        gate.vanished(unit);
        release = [&] { gate.returned(unit); };
    }
    for (int sweep = 0; sweep < 4; ++sweep) churn.forgetting.sweep();
    CHECK(churn.board.units.get(unit));
    release();
    for (int sweep = 0; sweep < 2; ++sweep) churn.forgetting.sweep();
    CHECK_FALSE(churn.board.units.get(unit));
}

TEST_CASE("a source that comes back is as good as new") {
    Churn churn;
    churn.live_and_die("a");
    for (int sweep = 0; sweep < 3; ++sweep) churn.forgetting.sweep();
    REQUIRE(churn.unit("a") == 0);
    churn.tell(watch::EventType::added, "a");
    churn.work();
    CHECK(churn.board.units.get(churn.unit("a"))->presence == Presence::present);
    for (int sweep = 0; sweep < 3; ++sweep) churn.forgetting.sweep();
    CHECK(churn.unit("a") != 0);
}
