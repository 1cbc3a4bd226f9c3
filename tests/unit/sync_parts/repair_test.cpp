#include "planned.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;
using namespace std::chrono_literals;

namespace {

/// A copy that somebody edits again and again.
struct Fight {
    Planned planned;
    plan::UnitId unit = planned.add("p", {"shared"}, {"apps"}).front();
    plan::TargetKey target = planned.target("apps");
    kube::ResourceVersion version = 7;

    /// Edited, looked at: is it repaired at once?
    bool repaired(Milliseconds since_last = 0ms) {
        planned.stands("apps", unit, ++version);
        planned.board.have.with([&](plan::Have& have) {
            have.close(target);
            auto& rivalry = have.rivalries()[target];
            rivalry.again = true;
            rivalry.last -= since_last;
        });
        planned.planner.look_at(planned.spot(unit, "apps"));
        return planned.ordered("apps") == unit;
    }
};

}  // namespace

TEST_CASE("the first repair of a copy is made at once") {
    Fight fight;
    CHECK(fight.repaired());
}

TEST_CASE("each further repair of a copy waits longer, and the fifth is told") {
    Fight fight;
    REQUIRE(fight.repaired());
    int repairs = 1;
    for (Milliseconds step = 1'000ms; step <= 64'000ms; step *= 2) {
        INFO(step.count());
        CHECK_FALSE(fight.repaired());
        // A look that comes too early plans the next one; half of the step has to pass at least.
        CHECK_FALSE(fight.repaired(step / 2 - 200ms));
        REQUIRE(fight.repaired(step));
        ++repairs;
        CHECK(std::ranges::count(fight.planned.told, "CopyContested") == (repairs >= 5 ? 1 : 0));
    }
}

TEST_CASE("a repair that waits is looked at again by itself, and does not keep the engine from being settled") {
    Fight fight;
    REQUIRE(fight.repaired());
    REQUIRE_FALSE(fight.repaired());
    CHECK(fight.planned.board.queue.idle());
    const auto work = fight.planned.board.queue.take(std::stop_token());
    REQUIRE(work);
    CHECK(work->key == fight.planned.spot(fight.unit, "apps"));
}

TEST_CASE("after ten minutes of peace a repair is the first one again") {
    Fight fight;
    for (int i = 0; i < 7; ++i) fight.repaired(9min);
    CHECK_FALSE(fight.repaired());
    CHECK(fight.repaired(11min));
    CHECK_FALSE(fight.repaired());
    CHECK(fight.repaired(1'000ms));
}
