#include "planned.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

std::size_t counted(const status::Metrics& metrics) {
    const auto page = metrics.page();
    const std::string name = "moontide_audit_differences_total{policy=\"p\"} ";
    const auto at = page.find(name);
    return at == std::string::npos ? 0 : std::stoul(page.substr(at + name.size()));
}

/// A copy that is not as it is wanted, of which no event has told.
struct Missed : Planned {
    plan::UnitId unit = add("p", {"a"}, {"apps"}).front();
    Audit audit{board, io};

    Missed() { stands("apps", unit); }
    void look() { audit.found(unit, planner.audit(unit)); }
};

}  // namespace

TEST_CASE("what an audit finds twice is counted and looked at; it orders nothing itself") {
    Missed missed;
    CHECK(missed.planner.audit(missed.unit).size() == 1);
    missed.look();
    CHECK(counted(missed.metrics) == 0);
    missed.look();
    CHECK(counted(missed.metrics) == 1);
    CHECK(missed.ordered("apps") == 0);
    std::stop_source stop;
    const auto work = missed.board.queue.take(stop.get_token());
    REQUIRE(work);
    CHECK(work->key == missed.spot(missed.unit, "apps"));
    missed.planner.look_at(work->key);
    CHECK(missed.ordered("apps") == missed.unit);
    CHECK(missed.planner.audit(missed.unit).empty());
}

TEST_CASE("what moved between two audits was on its way") {
    Missed missed;
    missed.look();
    missed.stands("apps", missed.unit, 8);
    missed.look();
    CHECK(counted(missed.metrics) == 0);
}

TEST_CASE("an audit says nothing of what somebody has in hand") {
    Missed missed;
    const auto target = missed.target("apps");
    const auto set = [&](auto change) { missed.board.have.with(change); };
    SECTION("a step") {
        set([&](plan::Have& have) { have.issue(target, missed.unit, false); });
    }
    SECTION("a refusal or failure that is tried again") {
        set([&](plan::Have& have) { have.troubles().put(target, {.unit = missed.unit}); });
    }
    SECTION("a repair that waits since somebody undoes it") {
        set([&](plan::Have& have) { have.rivalries()[target].again = true; });
    }
    SECTION("another unit's claim") {
        set([&](plan::Have& have) { have.contest(target, 77); });
    }
    SECTION("a source that nobody saw go") {
        missed.board.units.change(missed.unit, [](Unit& unit) { unit.presence = Presence::vanished; });
        missed.board.sources.front()->feed->relist_begun();
        missed.board.sources.front()->feed->relisted(9);
    }
    CHECK(missed.planner.audit(missed.unit).empty());
}

TEST_CASE("a copy that outlived its source is found by an audit") {
    Missed missed;
    missed.board.units.change(missed.unit, [](Unit& unit) { unit.presence = Presence::deleted; });
    missed.board.sources.front()->feed->relist_begun();
    missed.board.sources.front()->feed->relisted(9);
    CHECK(missed.planner.audit(missed.unit).size() == 1);
}
