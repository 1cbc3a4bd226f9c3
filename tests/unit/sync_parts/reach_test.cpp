#include "sync/reach.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

kube::ObjectPtr space(const std::string& name, const std::string& team = "", const std::string& uid = "1",
                      bool terminating = false) {
    kube::Reader reader;
    return kube::Object::read(reader, R"({"metadata":{"name":")" + name + R"(","uid":")" + uid + "\"" +
                                          (terminating ? R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")" : "") +
                                          (team.empty() ? "" : R"(,"labels":{"team":")" + team + "\"}") + "}}")
        .value();
}

policy::Into by_team(const std::string& team) {
    policy::Selection selection;
    selection.labels = {{"team", policy::KeyRule::Presence::any_of, {{team, false}}}};
    return {std::vector<policy::Selection>{selection}, {}, {}};
}

policy::Into by_name(const policy::Pattern& name) {
    policy::Selection selection;
    selection.names = std::vector<policy::Pattern>{name};
    return {std::vector<policy::Selection>{selection}, {}, {}};
}

policy::Into targets(const std::vector<std::string>& names) {
    std::vector<policy::Target> all;
    for (const auto& name : names) all.push_back({"", name, {"v1", "ConfigMap"}, ""});
    return {all, {}, {}};
}

std::vector<plan::UnitId> concerned(const Reach& reach, kube::ObjectPtr before, kube::ObjectPtr after) {
    kube::Reader reader;
    auto units = reach.concerned({std::move(before), std::move(after), false}, reader);
    std::sort(units.begin(), units.end());
    return units;
}

using Ids = std::vector<plan::UnitId>;

}  // namespace

TEST_CASE("units with equal selections are matched as one") {
    Reach reach;
    for (plan::UnitId unit = 1; unit <= 100; ++unit) reach.set(unit, by_team(unit % 2 == 0 ? "blue" : "red"), false);
    CHECK(reach.distinct() == 2);
    CHECK(concerned(reach, nullptr, space("a", "blue")).size() == 50);
    for (plan::UnitId unit = 2; unit <= 100; unit += 2) reach.forget(unit);
    CHECK(reach.distinct() == 1);
    reach.set(1, by_team("green"), false);
    CHECK(reach.distinct() == 2);
    reach.set(1, by_team("red"), false);
    CHECK(reach.distinct() == 1);
}

TEST_CASE("a namespace concerns the units that select it, or did") {
    Reach reach;
    reach.set(1, by_team("blue"), false);
    reach.set(2, by_team("red"), false);
    reach.set(3, by_team("blue"), true);  // what it copies depends on the namespace
    reach.set(4, targets({"a", "b"}), false);
    struct Row {
        std::string what;
        kube::ObjectPtr before;
        kube::ObjectPtr after;
        Ids units;
    };
    const std::vector<Row> rows = {
        {"a new one", nullptr, space("c", "blue"), {1, 3}},
        {"a named one", nullptr, space("a"), {4}},
        {"nobody's", nullptr, space("c"), {}},
        {"one that goes", space("b", "red"), nullptr, {2, 4}},
        {"opted in", space("c"), space("c", "blue"), {1, 3}},
        {"opted out", space("c", "blue"), space("c"), {1, 3}},
        {"to another team", space("c", "blue"), space("c", "red"), {1, 2, 3}},
        {"selected as before", space("c", "blue"), space("c", "blue"), {3}},
        {"made anew under its name", space("c", "blue"), space("c", "blue", "2"), {1, 3}},
        {"begins to end", space("c", "blue"), space("c", "blue", "1", true), {1, 3}},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(concerned(reach, row.before, row.after) == row.units);
    }
}

TEST_CASE("a unit that reads namespaces no longer is not asked for each change of one") {
    Reach reach;
    reach.set(1, by_team("blue"), true);
    CHECK(concerned(reach, space("c", "blue"), space("c", "blue")) == Ids{1});
    reach.set(1, by_team("blue"), false);
    CHECK(concerned(reach, space("c", "blue"), space("c", "blue")).empty());
    reach.forget(1);
    CHECK(concerned(reach, nullptr, space("c", "blue")).empty());
    reach.forget(1);
}

TEST_CASE("selections that differ in anything are two") {
    std::vector<policy::Into> all = {
        by_team("a"),           by_name({"a", false}),       by_name({"a", true}),
        by_name({"a**", true}), by_name({"a**", true, {1}}), by_name({"a*", true}),
        targets({"a"}),         targets({"a", "b"}),
    };
    policy::Selection selection;
    selection.namespaces = std::vector<policy::Pattern>{{"a", false}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection = {};
    selection.annotations = {{"team", policy::KeyRule::Presence::any_of, {{"a", false}}}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection.annotations = {{"team", policy::KeyRule::Presence::not_there, {}}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection.where = 1;
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection.except = {policy::Selection{}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection = {};
    selection.selector = kube::Selector::parse("team=a").value();
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    // A line feed in what an annotation brought is not the next pattern.
    selection = {};
    selection.annotations = {{"k", policy::KeyRule::Presence::any_of, {{"a\n=b", false}}}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});
    selection.annotations = {{"k", policy::KeyRule::Presence::any_of, {{"a", false}, {"b", false}}}};
    all.push_back({std::vector<policy::Selection>{selection}, {}, {}});

    Reach reach;
    plan::UnitId unit = 0;
    for (const auto& into : all) reach.set(++unit, into, false);
    CHECK(reach.distinct() == all.size());
}
