#include "sync/gate.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

constexpr Gate::Limits usual{10, 10};

void vanish(Gate& gate, plan::UnitId first, plan::UnitId count) {
    for (auto unit = first; unit < first + count; ++unit) gate.vanished(unit);
}

}  // namespace

TEST_CASE("more than the larger of ten and ten percent waits for a yes") {
    struct Row {
        plan::UnitId vanished;
        std::size_t sources;
        bool pauses;
    };
    const std::vector<Row> rows = {
        {1, 1, false},    {10, 10, false}, {11, 11, true},      {11, 100, true},    {10, 0, false},
        {11, 110, false}, {12, 119, true}, {100, 1'000, false}, {101, 1'000, true},
    };
    for (const auto& row : rows) {
        INFO(row.vanished << " of " << row.sources);
        Gate gate(usual);
        vanish(gate, 1, row.vanished);
        CHECK(gate.holds(1));
        const auto released = gate.conclude(row.sources, 0);
        CHECK(released.units.size() == (row.pauses ? 0 : row.vanished));
        CHECK(gate.holds(1) == row.pauses);
        CHECK(gate.plan_id("p").empty() == !row.pauses);
        CHECK(gate.paused_units().size() == (row.pauses ? row.vanished : 0));
    }
}

TEST_CASE("who is asked for causes may hold what others hold that tell of more, which has a conclusion of its own") {
    Gate gate({.least = 2, .percent = 0});
    for (const plan::UnitId unit : {1U, 2U}) gate.vanished(unit);
    const auto cause_of = [&](plan::UnitId unit) {
        gate.vanished(unit + 10);
        return std::to_string(unit);
    };
    CHECK(gate.conclude(20, 0, cause_of).units == std::vector<plan::UnitId>{1, 2});
    CHECK(gate.holds(11));
    CHECK(gate.conclude(20, 0).units == std::vector<plan::UnitId>{11, 12});
}

TEST_CASE("a namespace that is no longer selected is one cause, however many copies it takes along") {
    Gate gate(usual);
    for (plan::UnitId unit = 1; unit <= 500; ++unit) gate.dropped({unit, 7});
    CHECK(gate.conclude(500, 40).drops.size() == 500);
    CHECK(gate.plan_id("p").empty());

    for (plan::NameId name = 1; name <= 11; ++name) gate.dropped({1, name});
    CHECK(gate.conclude(500, 40).drops.empty());
    CHECK(gate.paused_drops().size() == 11);
    CHECK(gate.holds(Gate::Drop{1, 11}));
    CHECK_FALSE(gate.holds(Gate::Drop{2, 11}));
}

TEST_CASE("a drop that is no longer to be dropped leaves, paused or not, and no other does") {
    for (const bool paused : {false, true}) {
        INFO(paused);
        Gate gate(usual);
        for (plan::NameId name = 1; name <= 11; ++name) {
            gate.dropped({1, name});
            gate.dropped({2, name});
        }
        if (paused) REQUIRE(gate.conclude(500, 40).drops.empty());
        gate.looked(1, 4, [](plan::NameId) { return false; });
        CHECK_FALSE(gate.holds(Gate::Drop{1, 4}));
        CHECK(gate.holds(Gate::Drop{1, 3}));
        CHECK(gate.holds(Gate::Drop{2, 4}));
        gate.looked(1, 0, [](plan::NameId name) { return name == 11; });
        CHECK_FALSE(gate.holds(Gate::Drop{1, 1}));
        CHECK(gate.holds(Gate::Drop{1, 11}));
        CHECK(gate.holds(Gate::Drop{2, 1}));
    }
}

TEST_CASE("sources and namespaces are counted apart") {
    Gate gate(usual);
    vanish(gate, 1, 11);
    gate.dropped({20, 1});
    const auto released = gate.conclude(20, 20);
    CHECK(released.units.empty());
    CHECK(released.drops.size() == 1);
}

TEST_CASE("what is paused counts along, so that a second relist does not slip by in small parts") {
    Gate gate(usual);
    vanish(gate, 1, 11);
    CHECK(gate.conclude(100, 0).units.empty());
    const auto first_plan = gate.plan_id("p");
    vanish(gate, 50, 1);
    CHECK(gate.conclude(100, 0).units.empty());
    CHECK(gate.paused_units().size() == 12);
    CHECK(gate.plan_id("p") != first_plan);
    // The same ones again change nothing.
    const auto plan = gate.plan_id("p");
    vanish(gate, 1, 11);
    CHECK(gate.conclude(100, 0).units.empty());
    CHECK(gate.plan_id("p") == plan);

    for (plan::NameId name = 1; name <= 11; ++name) gate.dropped({1, name});
    gate.conclude(100, 20);
    gate.dropped({1, 12});
    CHECK(gate.conclude(100, 20).drops.empty());
    CHECK(gate.paused_drops().size() == 12);
}

TEST_CASE("a yes releases what it was given for, once") {
    Gate gate(usual);
    vanish(gate, 1, 11);
    for (plan::NameId name = 1; name <= 11; ++name) gate.dropped({1, name});
    gate.conclude(20, 20);
    const auto released = gate.confirm();
    CHECK(released.units.size() == 11);
    CHECK(released.drops.size() == 11);
    CHECK(gate.plan_id("p").empty());
    CHECK_FALSE(gate.holds(plan::UnitId{1}));
    CHECK(gate.confirm().units.empty());
    // What vanishes later is counted anew.
    vanish(gate, 1, 3);
    CHECK(gate.conclude(20, 20).units.size() == 3);
}

TEST_CASE("a source that is back, or whose end was told, is no cause any more") {
    Gate gate(usual);
    vanish(gate, 1, 11);
    gate.returned(4);
    CHECK(gate.conclude(20, 0).units.size() == 10);

    vanish(gate, 1, 12);
    gate.conclude(20, 0);
    gate.returned(1);
    CHECK_FALSE(gate.holds(plan::UnitId{1}));
    CHECK(gate.holds(plan::UnitId{2}));
    CHECK(gate.paused_units().size() == 11);
    for (plan::UnitId unit = 2; unit <= 12; ++unit) gate.returned(unit);
    CHECK(gate.plan_id("p").empty());
}

TEST_CASE("a plan's id names the policy and all that is paused, and nothing that only waits") {
    Gate gate(usual);
    vanish(gate, 1, 11);
    CHECK(gate.plan_id("p").empty());
    gate.conclude(20, 0);
    CHECK(gate.plan_id("p").size() == 12);
    CHECK(gate.plan_id("p") != gate.plan_id("q"));
    Gate other(usual);
    vanish(other, 2, 11);
    other.conclude(20, 0);
    CHECK(other.plan_id("p") != gate.plan_id("p"));
}

TEST_CASE("limits are the policy's") {
    Gate strict({0, 0});
    strict.vanished(1);
    CHECK(strict.conclude(1'000, 0).units.empty());
    Gate lax({1'000, 100});
    vanish(lax, 1, 900);
    CHECK(lax.conclude(900, 0).units.size() == 900);
}
