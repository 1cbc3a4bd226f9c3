// What a Feed takes, forgets and tells.
#include "cache/feed.hpp"

#include "objects.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::cache;
using watch::EventType;

namespace {

bool selected(const kube::Metadata& metadata) {
    const auto* team = kube::find(metadata.labels, "team");
    return team != nullptr && *team == "blue";
}

bool any_team(const kube::Metadata& metadata) {
    return kube::find(metadata.labels, "team") != nullptr;
}

const std::string blue = labelled("team", "blue");
const std::string red = labelled("team", "red");

/// A feed with a store, and all that it told as texts: "+n/x@5", "~n/x@5>6", "-n/x@7", a '!' behind those of a relist.
struct Fixture {
    Store store;
    std::vector<std::string> told;
    Feed feed{store, config_map_kind, selected, [this](const Change& change) { told.push_back(text(change)); },
              [this](bool first) { told.emplace_back(first ? "synced first" : "synced"); }};

    static std::string text(const Change& change) {
        const auto& one = change.after ? change.after : change.before;
        const char* sign = !change.before ? "+" : change.after ? "~" : "-";
        auto versions = fmt::format("{}", one->resource_version());
        if (change.before && change.after) versions = fmt::format("{}>{}", change.before->resource_version(), versions);
        return fmt::format("{}{}@{}{}", sign, one->name(), versions, change.by_relist ? "!" : "");
    }

    std::vector<std::string> take() { return std::exchange(told, {}); }

    void relist(kube::ResourceVersion version, const std::vector<std::string>& objects) {
        feed.relist_begun();
        for (const auto& one : objects) feed.listed(one);
        feed.relisted(version);
    }
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("only what the filter takes is kept") {
    Fixture f;
    f.relist(9, {json("n", "x", 1, blue), json("n", "y", 2, red), json("n", "z", 3)});
    CHECK(f.take() == Told{"+x@1!", "synced first"});
    f.feed.changed(EventType::added, json("n", "w", 10, red));
    f.feed.changed(EventType::added, json("n", "v", 11, blue));
    CHECK(f.take() == Told{"+v@11"});
    CHECK(f.store.size() == 2);
    CHECK(f.feed.position() == 11);
}

TEST_CASE("an item of a typed list is kept with the kind that the list says once") {
    Fixture f;
    const std::string typed = R"("apiVersion":"v1","kind":"ConfigMap",)";
    f.relist(9, {json("n", "x", 1, blue)});
    CHECK(f.store.find("n", "x")->json() == "{" + typed + json("n", "x", 1, blue).substr(1));
    CHECK(f.store.find("n", "x")->uid() == "u-x");

    SECTION("and what has its own keeps that, wherever it stands") {
        for (const auto* own : {R"({"apiVersion":"v2","kind":"Other",)", R"({"kind":"Other","apiVersion":"v2",)"}) {
            f.relist(9, {own + json("n", "y", 2, blue).substr(1)});
            CHECK(f.store.find("n", "y")->json() == own + json("n", "y", 2, blue).substr(1));
            f.relist(9, {});
        }
        auto behind = json("n", "z", 3, blue);
        behind.insert(behind.size() - 1, R"(,"kind":"Other","apiVersion":"v2")");
        f.relist(9, {behind});
        CHECK(f.store.find("n", "z")->json() == behind);
    }
    SECTION("a backfill's items too") {
        f.feed.widen(any_team);
        REQUIRE(f.feed.backfill({json("n", "r", 4, red)}, 9));
        CHECK(f.store.find("n", "r")->json().substr(1, typed.size()) == typed);
    }
}

TEST_CASE("an object that stops matching is told as gone, one that begins to as new") {
    Fixture f;
    f.relist(1, {json("n", "x", 1, blue)});
    f.take();
    f.feed.changed(EventType::modified, json("n", "x", 2, red));
    CHECK(f.store.find("n", "x") == nullptr);
    f.feed.changed(EventType::modified, json("n", "x", 3, red));
    f.feed.changed(EventType::modified, json("n", "x", 4, blue));
    CHECK(f.take() == Told{"-x@1", "+x@4"});
}

TEST_CASE("events older than what is stored, and echoes of it, are ignored") {
    Fixture f;
    f.relist(5, {json("n", "x", 5, blue)});
    f.take();
    f.feed.changed(EventType::modified, json("n", "x", 5, blue));
    f.feed.changed(EventType::modified, json("n", "x", 4, red));
    f.feed.changed(EventType::deleted, json("n", "x", 3, blue));
    CHECK(f.take().empty());
    CHECK(f.store.find("n", "x")->resource_version() == 5);
}

TEST_CASE("a deletion is told with the object at the version of its deletion") {
    Fixture f;
    f.relist(5, {json("n", "x", 5, blue)});
    f.take();
    f.feed.changed(EventType::deleted, json("n", "x", 8, blue));
    f.feed.changed(EventType::deleted, json("n", "y", 9, blue));
    CHECK(f.take() == Told{"-x@8"});
    CHECK(f.store.size() == 0);
}

TEST_CASE("a relist tells what differs, marks it, and keeps the objects that are the same") {
    Fixture f;
    f.relist(5, {json("n", "same", 1, blue), json("n", "changed", 2, blue), json("n", "gone", 3, blue),
                 json("n", "left", 4, blue)});
    f.take();
    const auto same = f.store.find("n", "same");
    f.relist(9, {json("n", "same", 1, blue), json("n", "changed", 7, blue), json("n", "new", 8, blue),
                 json("n", "left", 9, red)});
    CHECK(f.take() == Told{"-gone@3!", "-left@4!", "~changed@2>7!", "+new@8!", "synced"});
    CHECK(f.store.find("n", "same") == same);
}

TEST_CASE("an abandoned relist leaves no trace") {
    Fixture f;
    f.relist(5, {json("n", "x", 1, blue)});
    f.take();
    f.feed.relist_begun();
    f.feed.listed(json("n", "y", 6, blue));
    f.feed.relist_abandoned();
    CHECK(f.take().empty());
    CHECK(f.store.size() == 1);
    f.relist(7, {json("n", "x", 1, blue)});
    CHECK(f.take() == Told{"synced"});
}

TEST_CASE("a relist that finds everything gone empties the store, and says so") {
    Fixture f;
    f.relist(5, {json("n", "x", 1, blue)});
    f.take();
    f.relist(6, {});
    CHECK(f.take() == Told{"-x@1!", "synced"});
    CHECK(f.store.synced());
}

TEST_CASE("an unreadable object is left out of a list and the rest is taken") {
    Fixture f;
    f.relist(5, {json("n", "x", 1, blue), R"({"metadata":{}})"});
    CHECK(f.take() == Told{"+x@1!", "synced first"});
}

TEST_CASE("a backfill brings what a wider filter takes") {
    Fixture f;
    f.relist(5, {json("n", "x", 1, blue), json("n", "y", 2, red)});
    f.take();
    f.feed.widen(any_team);
    CHECK(f.store.size() == 1);
    CHECK(f.feed.backfill({json("n", "x", 1, blue), json("n", "y", 2, red), json("n", "z", 3)}, 5));
    CHECK(f.take() == Told{"+y@2"});
}

TEST_CASE("what was deleted after the widening does not come back with the list") {
    Fixture f;
    f.relist(5, {});
    f.take();
    f.feed.widen(any_team);
    f.feed.changed(EventType::deleted, json("n", "y", 8, red));
    f.feed.changed(EventType::modified, json("n", "z", 9));
    CHECK(f.feed.backfill({json("n", "y", 2, red), json("n", "z", 3, red)}, 7));
    CHECK(f.take().empty());
    CHECK(f.store.size() == 0);
}

TEST_CASE("what was deleted and made again does come with the list") {
    Fixture f;
    f.relist(5, {});
    f.take();
    f.feed.widen(any_team);
    f.feed.changed(EventType::deleted, json("n", "y", 8, red));
    CHECK(f.feed.backfill({json("n", "y", 10, red)}, 10));
    CHECK(f.take() == Told{"+y@10"});
    f.feed.changed(EventType::added, json("n", "y", 10, red));
    CHECK(f.take().empty());
}

TEST_CASE("deletions are remembered until every backfill is in") {
    Fixture f;
    f.relist(5, {});
    f.take();
    f.feed.widen(any_team);
    f.feed.widen([](const kube::Metadata&) { return true; });
    f.feed.changed(EventType::deleted, json("n", "z", 8));
    CHECK(f.feed.backfill({json("n", "y", 2, red)}, 6));
    CHECK(f.feed.backfill({json("n", "z", 3)}, 7));
    CHECK(f.take() == Told{"+y@2"});
}

TEST_CASE("what a first filter passed over at a version comes in by a wider one at the same version") {
    Fixture f;
    f.relist(5, {});
    f.take();
    f.feed.widen(any_team);
    f.feed.changed(EventType::added, json("n", "z", 8));
    f.feed.widen([](const kube::Metadata&) { return true; });
    CHECK(f.feed.backfill({}, 8));
    CHECK(f.feed.backfill({json("n", "z", 8)}, 8));
    CHECK(f.take() == Told{"+z@8"});
}

TEST_CASE("a relist after the widening makes older lists needless") {
    Fixture f;
    f.relist(5, {json("n", "y", 2, red)});
    f.take();
    f.feed.widen(any_team);
    f.relist(20, {});
    f.take();
    CHECK(f.feed.backfill({json("n", "y", 2, red)}, 7));
    CHECK(f.store.size() == 0);
}

TEST_CASE("a list that is ahead of the relist stays ahead of it") {
    Fixture f;
    f.relist(5, {});
    f.feed.widen(any_team);
    f.feed.relist_begun();
    f.take();
    CHECK(f.feed.backfill({json("n", "z", 15, red)}, 16));
    f.feed.relisted(10);
    CHECK(f.take() == Told{"+z@15", "synced"});
    f.feed.changed(EventType::deleted, json("n", "z", 17, red));
    CHECK(f.take() == Told{"-z@17"});
}

TEST_CASE("a relist that began before the widening asks for another list") {
    Fixture f;
    f.relist(5, {});
    f.take();
    f.feed.relist_begun();
    f.feed.listed(json("n", "y", 2, red));
    f.feed.widen(any_team);
    CHECK_FALSE(f.feed.backfill({json("n", "y", 2, red)}, 6));
    f.feed.relisted(10);
    CHECK_FALSE(f.feed.backfill({json("n", "y", 2, red)}, 9));
    CHECK(f.take() == Told{"synced"});
    CHECK(f.feed.backfill({json("n", "y", 2, red)}, f.feed.position()));
    CHECK(f.take() == Told{"+y@2"});
}

TEST_CASE("a second widening does not let an overtaken list of the first one in") {
    Fixture f;
    f.relist(5, {json("n", "y", 2, red)});
    f.feed.widen(any_team);
    f.relist(20, {});
    f.feed.widen([](const kube::Metadata&) { return true; });
    f.take();
    CHECK_FALSE(f.feed.backfill({json("n", "y", 2, red)}, 7));
    CHECK(f.feed.backfill({}, 20));
    CHECK(f.feed.backfill({}, 21));
    CHECK(f.take().empty());
}
