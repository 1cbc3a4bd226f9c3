#include "sync/statuses.hpp"

#include "planned.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

TEST_CASE("what comes into doubt while an owner is being told is in doubt afterwards") {
    Planned planned;
    Statuses statuses(planned.board, planned.io, {});
    kube::Reader reader;
    const auto object = kube::Object::read(reader, R"({"metadata":{"name":"one","uid":"u","resourceVersion":"1"}})");
    REQUIRE(object);
    constexpr plan::UnitId owner = 7;
    constexpr plan::UnitId unit = 9;
    using Units = std::set<plan::UnitId>;

    statuses.look_begins(owner);
    CHECK(statuses.is_in_doubt(owner));
    CHECK_FALSE(statuses.questions(owner));
    SECTION("nothing did") {
        statuses.told_of(owner, **object, {}, false);
        CHECK_FALSE(statuses.is_in_doubt(owner));
        CHECK(statuses.stands(owner, **object));
        CHECK(statuses.questions(owner) == Units{});
    }
    SECTION("one of its units") {
        statuses.question(owner, unit);
        statuses.told_of(owner, **object, {}, false);
        CHECK(statuses.questions(owner) == Units{unit});
        CHECK(statuses.questions(owner) == Units{});
    }
    SECTION("all of it") {
        statuses.doubt(owner);
        statuses.told_of(owner, **object, {}, false);
        CHECK(statuses.is_in_doubt(owner));
        CHECK_FALSE(statuses.questions(owner));
        CHECK_FALSE(statuses.stands(owner, **object));
    }
}
