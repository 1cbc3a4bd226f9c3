#include "sync/owner_backfill.hpp"

#include "answered.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace moontide;
using namespace moontide::sync;
using nlohmann::json;

namespace {

watch::Scope scope(const std::string& namespace_name, const std::string& labels = "", const std::string& fields = "") {
    return {config_maps, namespace_name, labels, fields, false};
}

json listed(const std::vector<std::string>& names) {
    json items = json::array();
    for (const auto& name : names) items.push_back({{"metadata", {{"name", name}, {"resourceVersion", "4"}}}});
    return items;
}

/// What was handed over, in order: "a b at 7".
std::string text(const Backfill& read) {
    std::string names;
    for (const auto& object : read.objects) names += json::parse(object)["metadata"]["name"].get<std::string>() + " ";
    return names + "at " + std::to_string(read.version);
}

struct Reading {
    Guarded<std::map<std::string, std::string>> handed_over;  // outlives the ingest thread
    Answered world;

    void read(const std::string& name, std::vector<watch::Scope> scopes) {
        read_scopes(world.board, world.io, std::move(scopes), 5, [this, name](const Backfill& read) {
            handed_over.with([&](auto& all) { all[name] += text(read); });
        });
    }
    bool is_handed_over(std::size_t count) {
        return handed_over.with([&](const auto& all) { return all.size() == count; });
    }
    std::string of(const std::string& name) {
        return handed_over.with([&](auto& all) { return all[name]; });
    }
};

}  // namespace

TEST_CASE("what a selection means is read page by page, at that version or later") {
    const std::string first = "&resourceVersionMatch=NotOlderThan&resourceVersion=5";
    const std::string all = "/api/v1/configmaps?limit=500";
    const std::string of_a = "/api/v1/namespaces/a/configmaps?limit=500";
    const std::string of_b = "/api/v1/namespaces/b/configmaps?limit=500";
    struct Row {
        std::string what;
        std::vector<watch::Scope> scopes;
        std::vector<kube::Answer> answers;
        std::vector<std::string> paths;
        std::string handed_over;
    };
    const std::vector<Row> rows = {
        {"nothing to ask for", {}, {}, {}, "at 5"},
        {"a page", {scope("")}, {page(7, listed({"x", "y"}))}, {all + first}, "x y at 7"},
        {"no items", {scope("a")}, {page(7, nullptr)}, {of_a + first}, "at 7"},
        {"more pages",
         {scope("a")},
         {page(7, listed({"x"}), "t/1"), page(7, listed({"y"}), "t/2"), page(7, listed({"z"}))},
         {of_a + first, of_a + "&continue=t%2F1", of_a + "&continue=t%2F2"},
         "x y z at 7"},
        {"the oldest of several lists",
         {scope("a"), scope("b")},
         {page(8, listed({"x"}), "t"), page(8, listed({"y"})), page(9, listed({"z"}))},
         {of_b + first, of_b + "&continue=t", of_a + first},
         "x y z at 8"},
        {"selectors, on each page",
         {scope("a", "team in (a,b)", "metadata.name=x")},
         {page(7, listed({}), "t"), page(7, listed({"x"}))},
         {of_a + "&labelSelector=team%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx" + first,
          of_a + "&labelSelector=team%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx&continue=t"},
         "x at 7"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Reading reading;
        auto& server = reading.world.server;
        server.answer = [&](const kube::Call&) { return row.answers.at(server.calls.size() - 1); };
        reading.read("it", row.scopes);
        reading.world.run_until([&] { return reading.is_handed_over(1); });
        std::vector<std::string> paths;
        for (const auto& call : server.calls) paths.push_back(call.path);
        CHECK(paths == row.paths);
        CHECK(reading.of("it") == row.handed_over);
    }
}

TEST_CASE("a list that fails half way is read from its beginning, and what is handed over is whole") {
    const std::map<std::string, Result<kube::Answer>> failures = {
        {"expired", refused(410, "The provided continue parameter is too old")},
        {"forbidden", refused(403, "configmaps is forbidden")},
        {"not-found", refused(404, "the server could not find the requested resource")},
        {"broken", fail("the connection was lost")},
        {"no-json", kube::Answer{200, {}, "<html>", {}}},
        {"cut-off", kube::Answer{200, {}, R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"na)", {}}},
        {"no-list", answered(200, json::object())},  // a proxy's answer does not pass for an empty list
        {"stale", page(4, listed({"x"}))},           // of a server that is behind the one that was asked before
        {"no-version", answered(200, {{"metadata", json::object()}, {"items", listed({"x"})}})},
    };
    Reading reading;
    std::map<std::string, int> asked;
    reading.world.server.answer = [&](const kube::Call& call) -> Result<kube::Answer> {
        const auto name = call.path.substr(19, call.path.find("/configmaps") - 19);
        const bool goes_on = call.path.find("&continue=") != std::string::npos;
        switch (++asked[name]) {
            case 1:
                return page(7, listed({"gone", "x"}), "old");
            case 2:
                CHECK(goes_on);
                return failures.at(name);
            case 3:
                CHECK_FALSE(goes_on);
                return page(9, listed({"x", "new"}), "young");
            default:
                CHECK(goes_on);
                return page(9, listed({"z"}));
        }
    };
    // Beside each other, since each is asked for again after a second.
    for (const auto& [name, failure] : failures) reading.read(name, {scope(name)});
    reading.world.run_until([&] { return reading.is_handed_over(failures.size()); });
    for (const auto& [name, failure] : failures) {
        INFO(name);
        CHECK(asked[name] == 4);
        CHECK(reading.of(name) == "x new z at 9");
    }
}

TEST_CASE("a list of several that fails takes along no other, and is as old as it was read") {
    Reading reading;
    auto& server = reading.world.server;
    const std::vector<Result<kube::Answer>> answers = {
        page(8, listed({"x"})),
        page(7, listed({"gone"}), "t"),
        refused(410, "too old"),
        page(9, listed({"y"})),
    };
    server.answer = [&](const kube::Call&) { return answers.at(server.calls.size() - 1); };
    reading.read("it", {scope("a"), scope("b")});
    reading.world.run_until([&] { return reading.is_handed_over(1); });
    CHECK(reading.of("it") == "x y at 8");
}

TEST_CASE("an answer that comes after the stop is neither handed over nor followed by a question") {
    for (const auto* token : {"", "t"}) {
        Reading reading;
        auto& server = reading.world.server;
        server.answer = [&](const kube::Call&) {
            reading.world.board.stopping = true;
            return page(7, listed({"x"}), token);
        };
        reading.read("it", {scope("a")});
        reading.world.run_until([&] { return reading.world.board.stopping.load(); });
        reading.world.pass_ingest();
        CHECK(server.calls.size() == 1);
        CHECK(reading.is_handed_over(0));
    }
}

TEST_CASE("many lists become one a namespace, and many namespaces one list of all") {
    struct Row {
        int namespaces;
        int selectors;
        std::size_t lists;
        std::string of_the_first;  ///< namespace, label selector
    };
    const std::vector<Row> rows = {
        {1, 1, 1, "n0 l0"}, {2, 4, 8, "n0 l0"}, {8, 1, 8, "n0 l0"}, {3, 3, 3, "n0 "}, {8, 2, 8, "n0 "}, {9, 1, 1, " "},
    };
    for (const auto& row : rows) {
        INFO(row.namespaces << " namespaces with " << row.selectors << " selectors");
        std::set<watch::Scope> scopes;
        for (int at = 0; at < row.namespaces * row.selectors; ++at) {
            scopes.insert(scope("n" + std::to_string(at / row.selectors), "l" + std::to_string(at % row.selectors),
                                "metadata.name=x"));
        }
        const auto lists = fewer(scopes);
        CHECK(lists.size() == row.lists);
        CHECK(lists.front().namespace_name + " " + lists.front().label_selector == row.of_the_first);
        CHECK(lists.front().field_selector.empty() == lists.front().label_selector.empty());
        CHECK(lists.front().resource == config_maps);
    }
    CHECK(fewer({}).empty());
}
