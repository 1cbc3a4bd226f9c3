#include "plan/have.hpp"

#include <catch2/catch.hpp>

using namespace moontide::plan;

TEST_CASE("two units have their own troubles at one target, and each goes by itself") {
    Troubles troubles;
    const TargetKey target{1, 2, 0};
    troubles.put(target, {.unit = 7, .refused = true, .reason = "AlreadyExists"});
    troubles.put(target, {.unit = 8, .reason = "Forbidden"});
    troubles.put(target, {.unit = 8, .reason = "Invalid"});
    REQUIRE(troubles.find(target, 7) != nullptr);
    CHECK(troubles.find(target, 8)->reason == "Invalid");
    CHECK(troubles.is_refused(target));

    troubles.erase(target, 7);
    CHECK(troubles.find(target, 7) == nullptr);
    CHECK_FALSE(troubles.is_refused(target));
    CHECK(troubles.contains(target));
    troubles.erase(target, 8);
    CHECK_FALSE(troubles.contains(target));
}

TEST_CASE("when a target's object is gone, only what policies say of it stays") {
    Troubles troubles;
    const TargetKey target{1, 2, 0};
    troubles.put(target, {.unit = 7, .refused = true, .reason = "AlreadyExists"});
    troubles.put(target, {.unit = 8, .refused = true, .standing = true, .reason = "NoConsent"});
    troubles.object_gone(target);
    CHECK(troubles.find(target, 7) == nullptr);
    REQUIRE(troubles.find(target, 8) != nullptr);
    CHECK(troubles.is_refused(target));
    std::size_t of_7 = 0;
    troubles.each_of(7, 0, [&](const TargetKey&, const Trouble&) { ++of_7; });
    CHECK(of_7 == 0);

    troubles.put(target, {.unit = 8, .reason = "Forbidden"});
    troubles.object_gone(target);
    CHECK_FALSE(troubles.contains(target));
}

TEST_CASE("a unit's troubles are found without going through the others'") {
    Troubles troubles;
    for (const NameId name : {5U, 3U, 4U}) troubles.put({name, 1, 0}, {.unit = 7, .reason = std::to_string(name)});
    troubles.put({3, 2, 0}, {.unit = 8, .reason = "other"});
    std::string all;
    troubles.each_of(7, 0, [&](const TargetKey&, const Trouble& trouble) { all += trouble.reason; });
    CHECK(all == "345");
    std::string of_one;
    troubles.each_of(7, 3, [&](const TargetKey&, const Trouble& trouble) { of_one += trouble.reason; });
    CHECK(of_one == "3");
    troubles.clear();
    troubles.each_of(7, 0, [&](const TargetKey&, const Trouble&) { FAIL("none is left"); });
}
