#include "planned.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

TEST_CASE("a namespace that is being deleted makes no Event, however many sources have copies there") {
    Planned planned;
    const auto units = planned.add("p", {"a", "b", "c"}, {"apps"});
    const policy::Target target{{}, "apps", config_maps.kind, "copy"};
    for (const auto unit : units) {
        planned.report.trouble(unit, target, {.unit = unit, .refused = true, .reason = "NamespaceTerminating"});
    }
    CHECK(planned.told.empty());
    for (const auto unit : units) {
        planned.report.trouble(unit, target, {.unit = unit, .refused = true, .reason = "AlreadyExists"});
    }
    CHECK(planned.told == std::vector<std::string>(3, "TargetRefused"));
}

TEST_CASE("a deletion that is refused keeps its trouble while it is tried again, so that it is told once") {
    Planned planned;
    planned.add("p", {"shared"}, {"web"});
    plan::Bond bond;
    bond.policy = "p";
    bond.source = {config_maps.kind, "flux-system", "gone"};
    const auto unit = planned.board.units.id(bond, 0);
    planned.board.units.change(unit, [](Unit& known) { known.presence = Presence::proven; });
    planned.stands("apps", unit);
    const auto target = planned.target("apps");
    planned.board.have.with(
        [&](plan::Have& have) { have.troubles().put(target, {.unit = unit, .reason = "Forbidden"}); });
    planned.planner.look_at(planned.spot(unit, "apps"));
    CHECK(planned.ordered("apps") == unit);
    planned.board.have.with([&](plan::Have& have) { CHECK(have.troubles().contains(target)); });
}
