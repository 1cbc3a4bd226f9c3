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
