// The table and the indexes behind a Store, against a plain map.
#include "cache/contents.hpp"

#include "objects.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::cache;

namespace {

using Place = std::pair<std::string, std::string>;

std::size_t count_in(const Contents& contents, const std::string& namespace_name) {
    const auto found = contents.marked(namespace_mark(namespace_name));
    return static_cast<std::size_t>(std::count_if(
        found.begin(), found.end(), [&](const auto& object) { return object->namespace_name() == namespace_name; }));
}

}  // namespace

TEST_CASE("an empty table finds nothing and removes nothing") {
    Contents contents;
    CHECK(contents.find("a", "b") == nullptr);
    CHECK(contents.erase("a", "b", {}) == nullptr);
    CHECK(contents.marked(namespace_mark("a")).empty());
    CHECK(contents.size() == 0);
}

TEST_CASE("a namespace and a name are not one text") {
    Contents contents;
    const auto first = object(json("ab", "c", 1));
    contents.put(first, {}, marks_of(*first));
    CHECK(contents.find("a", "bc") == nullptr);
    CHECK(contents.find("", "abc") == nullptr);
    CHECK(contents.find("ab", "c") == first);
}

TEST_CASE("a table under random writes and removals holds what a map holds") {
    std::mt19937 random(GENERATE(1, 2, 3));
    Contents contents;
    std::map<Place, kube::ObjectPtr> model;
    for (kube::ResourceVersion version = 1; version <= 6000; ++version) {
        const Place place{fmt::format("ns-{}", random() % 7), fmt::format("o-{}", random() % 120)};
        const auto existing = contents.find(place.first, place.second);
        const Marks before = existing ? marks_of(*existing) : Marks{};
        if (random() % 3 == 0) {
            CHECK(contents.erase(place.first, place.second, before) == existing);
            model.erase(place);
        } else {
            const auto written =
                object(json(place.first, place.second, version, labelled("team", fmt::format("t-{}", random() % 4))));
            CHECK(contents.put(written, before, marks_of(*written)) == existing);
            model[place] = written;
        }
    }
    REQUIRE(contents.size() == model.size());
    std::size_t bytes = 0;
    std::map<std::string, std::size_t> in_namespace;
    std::map<std::string, std::size_t> in_team;
    kube::Reader reader;
    for (const auto& [place, expected] : model) {
        REQUIRE(contents.find(place.first, place.second) == expected);
        bytes += expected->json().size();
        ++in_namespace[place.first];
        ++in_team[std::string(reader.metadata(expected->json())->labels[0].second)];
    }
    CHECK(contents.bytes() == bytes);
    for (const auto& [name, count] : in_namespace) CHECK(count_in(contents, name) == count);
    for (const auto& [team, count] : in_team) CHECK(contents.marked(label_mark("team", team)).size() == count);

    for (const auto& [place, expected] : model) contents.erase(place.first, place.second, marks_of(*expected));
    CHECK(contents.size() == 0);
    CHECK(contents.bytes() == 0);
    CHECK(contents.marked(namespace_mark("ns-1")).empty());
}

TEST_CASE("an object that changes its labels is found by the new ones alone") {
    Contents contents;
    const auto blue = object(json("a", "o", 1, labelled("team", "blue")));
    const auto red = object(json("a", "o", 2, labelled("team", "red")));
    contents.put(blue, {}, marks_of(*blue));
    contents.put(red, marks_of(*blue), marks_of(*red));
    CHECK(contents.marked(label_mark("team", "blue")).empty());
    CHECK(contents.marked(label_mark("team", "red")) == std::vector{red});
    CHECK(contents.marked(namespace_mark("a")) == std::vector{red});
    CHECK(contents.marked(namespace_mark("a"), label_mark("team", "red")) == std::vector{red});
    CHECK(contents.marked(namespace_mark("a"), label_mark("team", "blue")).empty());
}
