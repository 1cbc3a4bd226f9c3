#include "base/nearest.hpp"

#include <catch2/catch.hpp>

using namespace moontide;

TEST_CASE("a slip of the finger finds the name that was meant, anything else none") {
    const std::vector<std::string_view> slots = {"keys", "kind", "labels", "annotations", "existing", "on"};
    CHECK(nearest("kees", slots) == "keys");
    CHECK(nearest("anotations", slots) == "annotations");
    CHECK(nearest("exsiting", slots) == "existing");
    CHECK(nearest("Labels", slots) == "labels");
    CHECK(nearest("colour", slots).empty());
    CHECK(nearest("", slots).empty());
    CHECK(suggestion("kees", slots) == ", did you mean 'keys'?");
    CHECK(suggestion("colour", slots).empty());
}

TEST_CASE("edits are counted as a typist makes them") {
    CHECK(edits("", "abc") == 3);
    CHECK(edits("prod", "Prod") == 0);
    CHECK(edits("prdo", "prod") == 1);
    CHECK(edits("kitten", "sitting") == 3);
}
