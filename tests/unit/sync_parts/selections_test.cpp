#include "sync/selections.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

std::optional<std::vector<policy::Pattern>> exactly(const std::vector<std::string>& texts) {
    std::vector<policy::Pattern> patterns;
    for (const auto& text : texts) patterns.push_back({text});
    return patterns;
}

policy::Selection selecting(const std::vector<std::string>& namespaces, const std::vector<std::string>& names) {
    policy::Selection selection;
    selection.kinds = {{"v1", "ConfigMap"}};
    selection.namespaces = exactly(namespaces);
    selection.names = exactly(names);
    return selection;
}

policy::Selection by_label(const std::string& selector, std::optional<std::vector<policy::Pattern>> namespaces) {
    policy::Selection selection;
    selection.kinds = {{"v1", "ConfigMap"}};
    selection.namespaces = std::move(namespaces);
    selection.selector = kube::Selector::parse(selector).value();
    return selection;
}

std::vector<std::string> numbered(const std::string& prefix, int count) {
    std::vector<std::string> texts;
    for (int at = 0; at < count; ++at) texts.push_back(prefix + std::to_string(at));
    return texts;
}

kube::Metadata object_at(std::string_view namespace_name, std::string_view name, std::string_view team = {}) {
    kube::Metadata object;
    object.namespace_name = namespace_name;
    object.name = name;
    if (!team.empty()) object.labels = {{"team", team}};
    return object;
}

using Owners = std::set<plan::UnitId>;

}  // namespace

TEST_CASE("a selection that two owners have is held once, and goes when the last lets go") {
    Selections selections;
    const auto [first, is_new] = selections.add(selecting({"a"}, {"x"}), 1);
    CHECK(is_new);
    CHECK(selections.add(selecting({"a"}, {"x"}), 2) == std::pair(first, false));
    CHECK(selections.add(selecting({"a"}, {"x"}), 2) == std::pair(first, false));
    const auto other = selections.add(selecting({"a"}, {"y"}), 2).first;
    CHECK(selections.all() == std::vector{first, other});
    CHECK(selections.get(first) == selecting({"a"}, {"x"}));

    CHECK(selections.owners_of(object_at("a", "x")) == Owners{1, 2});
    CHECK_FALSE(selections.remove(first, 1));
    CHECK_FALSE(selections.remove(first, 1));
    CHECK(selections.owners_of(object_at("a", "x")) == Owners{2});
    CHECK(selections.remove(first, 2));
    CHECK_FALSE(selections.contains(first));
    CHECK_FALSE(selections.remove(first, 2));
    CHECK(selections.all() == std::vector{other});
    // Whoever still has its number means nothing that comes later.
    CHECK(selections.add(selecting({"a"}, {"x"}), 1).first > other);
}

TEST_CASE("an object is found by those whose selections mean it, as it is") {
    Selections selections;
    const std::vector<std::pair<plan::UnitId, policy::Selection>> held = {
        {1, selecting({"a", "b"}, {"x", "y"})},
        {2, selecting(numbered("a", 17), numbered("x", 16))},  // more places than are looked up by name
        {3, by_label("team=blue", exactly({"a"}))},
        {4, by_label("team=blue", std::nullopt)},
        {5, by_label("team!=blue", std::vector<policy::Pattern>{{"a*", true}})},
        {6, selecting({}, {"x"})},
        {7, selecting({"a"}, {})},
        {8, selecting({"a"}, {"x"})},
        {8, by_label("team=red", exactly({"a"}))},
    };
    for (const auto& [owner, selection] : held) selections.add(selection, owner);
    struct Row {
        kube::Metadata object;
        Owners owners;
    };
    const std::vector<Row> rows = {
        {object_at("a", "x"), {1, 5, 8}},
        {object_at("a", "x", "blue"), {1, 3, 4, 8}},
        {object_at("a", "x", "red"), {1, 5, 8}},
        {object_at("a", "z", "red"), {5, 8}},
        {object_at("b", "y"), {1}},
        {object_at("b", "z"), {}},
        {object_at("b", "z", "blue"), {4}},
        {object_at("a16", "x15"), {2, 5}},
        {object_at("a16", "x16"), {5}},
        {object_at("c", "x"), {}},
    };
    for (const auto& [object, owners] : rows) {
        INFO(object.namespace_name << "/" << object.name << (object.labels.empty() ? "" : object.labels[0].second));
        CHECK(selections.owners_of(object) == owners);
        CHECK(selections.any(object) == !owners.empty());
    }
}

TEST_CASE("what is let go is found by nothing any more, also where it named a place twice") {
    const std::vector<policy::Selection> all = {
        selecting({"a"}, {"x"}), selecting({"a", "a"}, {"x", "x"}),          selecting({"a", "a"}, numbered("x", 200)),
        selecting({"a"}, {}),    by_label("team=blue", exactly({"a", "a"})), by_label("team=blue", std::nullopt),
    };
    const auto object = object_at("a", "x", "blue");
    Selections selections;
    for (const auto& selection : all) {
        const auto id = selections.add(selection, 1).first;
        CHECK(selections.any(object) == selection.matches(object));
        CHECK(selections.remove(id, 1));
        CHECK_FALSE(selections.any(object));
    }
    CHECK(selections.size() == 0);
    // One that shares its places with others leaves those to them.
    Owners left;
    for (plan::UnitId owner = 1; owner <= all.size(); ++owner) {
        selections.add(all[owner - 1], owner);
        if (all[owner - 1].matches(object)) left.insert(owner);
    }
    const auto ids = selections.all();
    for (plan::UnitId owner = 1; owner <= all.size(); ++owner) {
        CHECK(selections.owners_of(object) == left);
        CHECK(selections.remove(ids[owner - 1], owner));
        left.erase(owner);
    }
    CHECK_FALSE(selections.any(object));
}
