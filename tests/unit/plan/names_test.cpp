#include "plan/names.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace moontide::plan;

TEST_CASE("a name has one id, and an id its name") {
    Names names;
    const auto apps = names.id("apps");
    const auto web = names.id("web");
    CHECK(apps != 0);
    CHECK(apps != web);
    CHECK(names.id("apps") == apps);
    CHECK(names.text(apps) == "apps");
    CHECK(names.text(0).empty());
    for (int i = 0; i < 1'000; ++i) names.id(std::to_string(i));
    CHECK(names.text(apps) == "apps");
    CHECK(names.size() == 1'002);
}

TEST_CASE("a name that nobody holds and nobody asks for is forgotten, and gets another number later") {
    Names names;
    const auto held = names.id("held");
    const auto asked = names.id("asked");
    const auto forgotten = names.id("forgotten");
    CHECK(names.forget_untouched({held}) == 3);  // all were asked for a moment ago
    names.id("asked");
    CHECK(names.forget_untouched({held}) == 2);
    CHECK(names.text(held) == "held");
    CHECK(names.text(asked) == "asked");
    CHECK(names.text(forgotten).empty());
    CHECK(names.id("forgotten") > asked);
}
