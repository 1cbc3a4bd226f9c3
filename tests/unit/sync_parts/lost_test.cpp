#include "planned.hpp"
#include "sync/alive.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

bool is_lost(Planned& planned, const std::string& namespace_name) {
    return planned.board.have.with(
        [&](const plan::Have& have) { return have.is_lost(planned.target(namespace_name)); });
}

/// A copy that left its watch, by no doing of ours.
void lose(Planned& planned, const std::string& namespace_name, plan::UnitId unit) {
    planned.stands(namespace_name, unit);
    planned.board.have.with([&](plan::Have& have) { have.lose(planned.target(namespace_name)); });
}

}  // namespace

TEST_CASE("a lost copy that nothing asks for any more is looked for") {
    Planned planned;
    const auto unit = planned.add("p", {"shared"}, {"web"}).front();
    lose(planned, "apps", unit);
    planned.planner.look_at({unit, 0});
    CHECK(planned.ordered("apps") == unit);
    CHECK(is_lost(planned, "apps"));
}

TEST_CASE("a lost copy that is wanted is made again") {
    Planned planned;
    const auto unit = planned.add("p", {"shared"}, {"apps"}).front();
    lose(planned, "apps", unit);
    planned.planner.look_at(planned.spot(unit, "apps"));
    CHECK(planned.ordered("apps") == unit);
    planned.board.have.with([&](plan::Have& have) { CHECK(have.ticket(planned.target("apps"))->creates); });
}

TEST_CASE("a lost copy that belongs to an object is not made again before the server says that the object is there") {
    for (const bool belongs : {true, false}) {
        Planned planned;
        planned.board.alive = std::make_unique<Alive>(planned.board, planned.io);
        const auto unit = planned.add("p", {"shared"}, {"flux-system"}).front();
        if (belongs) planned.policies.front()->shaped.belongs = policy::Belongs::source;
        lose(planned, "flux-system", unit);
        planned.planner.look_at({unit, 0});
        CHECK(planned.ordered("flux-system") == (belongs ? 0 : unit));
        CHECK(planned.board.inquiries == (belongs ? 1 : 0));
        CHECK(is_lost(planned, "flux-system"));
    }
}

TEST_CASE("a lost copy whose namespace is gone went with it") {
    Planned planned;
    const auto unit = planned.add("p", {"shared"}, {"web"}).front();
    lose(planned, "deleted", unit);
    planned.planner.look_at({unit, 0});
    CHECK(planned.ordered("deleted") == 0);
    CHECK_FALSE(is_lost(planned, "deleted"));
}

TEST_CASE("a source that only vanished is proven gone before a lost copy is looked for") {
    Planned planned;
    const auto unit = planned.add("p", {"shared"}, {"apps"}).front();
    lose(planned, "apps", unit);
    planned.board.sources.front()->feed->relist_begun();
    planned.board.sources.front()->feed->relisted(9);
    planned.board.units.change(unit, [](Unit& known) { known.presence = Presence::vanished; });
    planned.planner.look_at({unit, 0});
    CHECK(planned.to_prove == std::vector{unit});
    CHECK(planned.ordered("apps") == 0);
}
