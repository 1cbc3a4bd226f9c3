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
