#include "sync/units.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

plan::Bond bond(const std::string& policy, const std::string& name, const std::string& uid = "") {
    plan::Bond out;
    out.policy = policy;
    out.source = {{"v1", "ConfigMap"}, "flux-system", name};
    out.source_uid = uid;
    return out;
}

Unit aged(plan::UnitId id, const std::string& created, const std::string& uid, const std::string& owner_uid = "") {
    Unit unit;
    unit.id = id;
    unit.created = created;
    unit.bond = bond("p", "a", uid);
    unit.bond.owner_uid = owner_uid;
    return unit;
}

}  // namespace

TEST_CASE("a unit is known by policy, owner and source, not by uids") {
    Units units;
    const auto id = units.id(bond("p", "a", "uid-1"), 0);
    CHECK(units.id(bond("p", "a", "uid-2"), 0) == id);
    CHECK(units.get(id)->bond.source_uid == "uid-1");
    CHECK(units.find(bond("p", "a")) == id);
    CHECK_FALSE(units.find(bond("p", "b")));
    CHECK(units.id(bond("q", "a"), 1) != id);
    CHECK(units.size() == 2);
    CHECK(units.of_policy(0) == std::vector<plan::UnitId>{id});
    CHECK(units.get(id)->presence == Presence::unknown);
}

TEST_CASE("a forgotten unit's id is not given again") {
    Units units;
    const auto id = units.id(bond("p", "a"), 0);
    CHECK_FALSE(units.forget_untouched(id));
    units.id(bond("p", "a"), 0);
    CHECK_FALSE(units.forget_untouched(id));
    units.change(id, [](Unit&) {});
    CHECK_FALSE(units.forget_untouched(id));
    CHECK(units.forget_untouched(id));
    CHECK_FALSE(units.get(id));
    CHECK_FALSE(units.find(bond("p", "a")));
    CHECK(units.generation(id) == 0);
    CHECK_FALSE(units.change(id, [](Unit&) { FAIL("it is not there"); }));
    CHECK(units.id(bond("p", "a"), 0) > id);
}

TEST_CASE("a change is seen by whoever looks next") {
    Units units;
    const auto id = units.id(bond("p", "a"), 0);
    const auto before = units.generation(id);
    CHECK(units.change(id, [](Unit& unit) { ++unit.generation; }));
    CHECK(units.generation(id) == before + 1);
}

TEST_CASE("an owner has open units while one is not looked at as it is") {
    Units units;
    auto of_owner = bond("p", "a");
    of_owner.owner = {{"example.com/v1", "Syncer"}, "team", "web"};
    const auto first = units.id(of_owner, 0);
    of_owner.source.name = "b";
    const auto second = units.id(of_owner, 0);
    const auto owner = units.owner_of(first);
    REQUIRE(owner != 0);
    CHECK(units.owner_of(second) == owner);
    CHECK(units.owner_of(owner) == 0);
    CHECK(units.count_of_owner(owner) == 2);
    CHECK(units.has_open(owner));

    const auto look_at = [&](plan::UnitId id) {
        units.change(id, [](Unit& unit) { unit.looked_at = unit.generation; });
    };
    look_at(first);
    CHECK(units.has_open(owner));
    look_at(second);
    CHECK_FALSE(units.has_open(owner));
    units.change(first, [](Unit& unit) { ++unit.generation; });
    units.change(first, [](Unit& unit) { ++unit.generation; });
    CHECK(units.has_open(owner));
    look_at(first);
    CHECK_FALSE(units.has_open(owner));
    units.change(second, [](Unit& unit) { unit.incomplete = true; });
    CHECK(units.has_open(owner));
    // The owner's own generation is not one of its units'.
    units.change(owner, [](Unit& unit) { ++unit.generation; });
    units.change(second, [](Unit& unit) { unit.incomplete = false; });
    CHECK_FALSE(units.has_open(owner));

    // One that goes while it is open is open no more.
    units.change(second, [](Unit& unit) { ++unit.generation; });
    CHECK_FALSE(units.forget_untouched(second));
    CHECK(units.forget_untouched(second));
    CHECK_FALSE(units.has_open(owner));
    CHECK(units.count_of_owner(owner) == 1);
}

TEST_CASE("the older one is created first, then by uid; who has no time comes last") {
    const std::string early = "2026-01-01T00:00:00Z";
    const std::string late = "2026-01-02T00:00:00Z";
    // Each is older than all behind it.
    const std::vector<Unit> in_order = {
        aged(9, early, "b"), aged(8, early, "c"), aged(7, early, "z", "d"), aged(6, late, "a"), aged(1, "", "a"),
    };
    for (std::size_t i = 0; i < in_order.size(); ++i) {
        CHECK_FALSE(in_order[i].older_than(in_order[i]));
        for (std::size_t j = i + 1; j < in_order.size(); ++j) {
            INFO(i << " and " << j);
            CHECK(in_order[i].older_than(in_order[j]));
            CHECK_FALSE(in_order[j].older_than(in_order[i]));
        }
    }
    // Equal in all that is older_than's: one of the two is, and only one.
    const auto one = aged(1, early, "b");
    const auto two = aged(2, early, "b");
    CHECK(one.older_than(two) != two.older_than(one));
}
