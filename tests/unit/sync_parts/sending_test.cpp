#include "planned.hpp"
#include "sync/outcomes.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

/// A copy that is missing, and the order that makes it.
struct Sending {
    Planned planned;
    Outcomes outcomes{planned.board, planned.report};
    plan::UnitId unit = planned.add("p", {"shared"}, {"apps"}).front();
    apply::Order order;

    Sending() {
        planned.planner.look_at(planned.spot(unit, "apps"));
        order.step = plan::Create{planned.target("apps")};
        order.unit = unit;
        order.generation = planned.board.units.generation(unit);
        planned.board.have.with([&](plan::Have& have) { order.ticket = have.ticket(planned.target("apps"))->number; });
    }
};

}  // namespace

TEST_CASE("an order goes out while its unit and its target are as they were planned for") {
    Sending sending;
    CHECK(sending.outcomes.may_send(sending.order));
    CHECK(sending.planned.ordered("apps") == sending.unit);
}

TEST_CASE("a step whose unit has moved on is dropped unsent, and makes room for the next") {
    Sending sending;
    sending.planned.board.units.change(sending.unit, [](Unit& unit) { ++unit.generation; });
    CHECK_FALSE(sending.outcomes.may_send(sending.order));
    CHECK(sending.planned.ordered("apps") == 0);
}

TEST_CASE("a step whose target has a later one is dropped unsent") {
    Sending sending;
    sending.planned.board.have.with(
        [&](plan::Have& have) { have.issue(sending.planned.target("apps"), sending.unit, true); });
    CHECK_FALSE(sending.outcomes.may_send(sending.order));
    CHECK(sending.planned.ordered("apps") == sending.unit);
}

TEST_CASE("nothing is sent once the engine stops") {
    Sending sending;
    sending.planned.board.stopping = true;
    CHECK_FALSE(sending.outcomes.may_send(sending.order));
}
