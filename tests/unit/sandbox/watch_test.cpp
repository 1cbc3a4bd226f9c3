#include "served.hpp"

using namespace moontide;
using namespace moontide::sandbox;
using namespace moontide::sandbox::tests;

namespace {

const std::string MAPS = "/api/v1/namespaces/default/configmaps";

std::string from(const Json& list) {
    return "?watch=1&resourceVersion=" + list.at("metadata").at("resourceVersion").get<std::string>();
}

}  // namespace

TEST_CASE("a watch tells what came after the list that it begins with") {
    Served served;  // its four namespaces are versions 2 to 5
    const auto watch = served.watch(MAPS + from(served.ok("GET", MAPS)));
    CHECK(told(*watch).empty());
    served.create(MAPS, {{"name", "x"}});
    served.merge(MAPS + "/x", {{"data", {{"k", "1"}}}});
    served.merge(MAPS + "/x", {{"data", {{"k", "1"}}}});
    served.ok("DELETE", MAPS + "/x");
    const auto events = told(*watch);
    CHECK(in_short(events) == "ADDED x 6, MODIFIED x 7, DELETED x 8");
    CHECK(events[2].at("object").at("data").at("k") == "1");
    CHECK(told(*watch).empty());
}

TEST_CASE("a watch without a version begins with what is there") {
    Served served;
    served.create(MAPS, {{"name", "x"}});
    const auto watch = served.watch(MAPS + "?watch=1");
    served.create(MAPS, {{"name", "y"}});
    CHECK(in_short(told(*watch)) == "ADDED x 6, ADDED y 7");
}

TEST_CASE("a watch tells of its kind and its namespace only") {
    Served served;
    const auto watch = served.watch(MAPS + "?watch=1");
    const auto everywhere = served.watch("/api/v1/configmaps?watch=1");
    served.create("/api/v1/namespaces/kube-system/configmaps", {{"name", "elsewhere"}});
    served.create("/api/v1/namespaces/default/secrets", {{"name", "secret"}});
    CHECK(told(*watch).empty());
    CHECK(in_short(told(*everywhere)) == "ADDED elsewhere 6");
}

TEST_CASE("a change of labels enters and leaves a selection") {
    Served served;
    const auto watch = served.watch(MAPS + "?watch=1&labelSelector=a%3Db");
    served.create(MAPS, {{"name", "x"}}, {{"data", {{"k", "1"}}}});
    served.merge(MAPS + "/x", {{"metadata", {{"labels", {{"a", "b"}}}}}});
    served.merge(MAPS + "/x", {{"data", {{"k", "2"}}}});
    served.merge(MAPS + "/x", {{"metadata", {{"labels", {{"a", "c"}}}}}, {"data", {{"k", "3"}}}});
    served.merge(MAPS + "/x", {{"data", {{"k", "4"}}}});
    served.ok("DELETE", MAPS + "/x");
    const auto events = told(*watch);
    CHECK(in_short(events) == "ADDED x 7, MODIFIED x 8, DELETED x 9");
    // The object as it was, at the version at which it left.
    CHECK(events[2].at("object").at("data").at("k") == "2");
    CHECK(events[2].at("object").at("metadata").at("labels").at("a") == "b");
}

TEST_CASE("the last finalizer makes a deletion of the object as it was stored last") {
    Served served;
    served.create(MAPS, {{"name", "x"}, {"finalizers", {"a.b/c"}}});
    const auto watch = served.watch(MAPS + "?watch=1&resourceVersion=6");
    served.ok("DELETE", MAPS + "/x");
    served.ok("DELETE", MAPS + "/x");
    served.merge(MAPS + "/x", {{"metadata", {{"finalizers", nullptr}}}});
    const auto events = told(*watch);
    CHECK(in_short(events) == "MODIFIED x 7, DELETED x 8");
    CHECK(events[1].at("object").at("metadata").contains("finalizers"));
}

TEST_CASE("initial events end with a bookmark that says so") {
    Served served;
    served.create(MAPS, {{"name", "x"}});
    const auto watch = served.watch(
        MAPS + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    served.create(MAPS, {{"name", "y"}});
    const auto events = told(*watch);
    CHECK(in_short(events) == "ADDED x 6, BOOKMARK 6, ADDED y 7");
    const auto bookmark = Json::parse(R"({"kind": "ConfigMap", "apiVersion": "v1", "metadata":
        {"resourceVersion": "6", "annotations": {"k8s.io/initial-events-end": "true"}}})");
    CHECK(events[1].at("object") == bookmark);
}

TEST_CASE("bookmarks come while nothing happens, with the version of everything") {
    ManualClock clock;
    ApiOptions options;
    options.clock = &clock;
    Served served(options);
    const auto with = served.watch(MAPS + "?watch=1&allowWatchBookmarks=true");
    const auto without = served.watch(MAPS + "?watch=1");
    served.create("/api/v1/namespaces/default/secrets", {{"name", "x"}});
    CHECK(told(*with).empty());
    CHECK(with->due() == clock.now() + Milliseconds(60'000));
    clock.advance(Milliseconds(60'000));
    CHECK(in_short(told(*with)) == "BOOKMARK 6");
    CHECK(told(*with).empty());
    CHECK(told(*without).empty());
}

TEST_CASE("a watch ends after its timeout") {
    ManualClock clock;
    ApiOptions options;
    options.clock = &clock;
    Served served(options);
    const auto watch = served.watch(MAPS + "?watch=1&timeoutSeconds=5");
    std::string text;
    CHECK(watch->pull(text, 1000));
    clock.advance(Milliseconds(5'000));
    CHECK_FALSE(watch->pull(text, 1000));
    CHECK(text.empty());
}

TEST_CASE("a version that is forgotten answers 410, as an event and as a status") {
    ApiOptions options;
    options.ring_size = 2;
    Served served(options);
    const auto list = served.ok("GET", MAPS + "?limit=1");
    const auto behind = served.watch(MAPS + from(list));
    served.create(MAPS, {{"name", "a"}});
    served.create(MAPS, {{"name", "b"}});
    const auto page = served.ok("GET", MAPS + "?limit=1");
    served.create(MAPS, {{"name", "c"}});
    served.create(MAPS, {{"name", "d"}});
    served.create(MAPS, {{"name", "e"}});

    const auto events = told(*behind);
    REQUIRE(events.size() == 1);
    const auto error =
        Json::parse(R"json({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Failure", "reason": "Expired", "code": 410, "message": "too old resource version: 5 (8)"
}
})json");
    CHECK(events[0] == error);
    std::string more;
    CHECK_FALSE(behind->pull(more, 1000));

    const auto expired =
        served.ask("GET", MAPS + "?limit=1&continue=" + page.at("metadata").at("continue").get<std::string>());
    CHECK(expired.status == 410);
    const auto status = Json::parse(expired.body);
    CHECK(status.at("reason") == "Expired");
    // The token in it goes on where the list was, as of now.
    const auto rest = served.ok("GET", MAPS + "?continue=" + status.at("metadata").at("continue").get<std::string>());
    CHECK(rest.at("items").size() == 4);
    CHECK(served.ask("GET", MAPS + "?resourceVersion=6&resourceVersionMatch=Exact").status == 410);
}

TEST_CASE("a watch tells no more at once than is asked for, and loses nothing") {
    Served served;
    const auto watch = served.watch(MAPS + "?watch=1");
    for (int i = 0; i < 20; ++i) served.create(MAPS, {{"name", "x" + std::to_string(i)}});
    std::size_t count = 0;
    int pulls = 0;
    while (watch->behind()) {
        count += told(*watch, 500).size();
        ++pulls;
    }
    CHECK(count == 20);
    CHECK(pulls > 5);
}

TEST_CASE("a Table's columns come with the first event alone") {
    Served served;
    const auto watch = served.watch(MAPS + "?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io");
    served.create(MAPS, {{"name", "x"}});
    served.merge(MAPS + "/x", {{"data", {{"k", "1"}}}});
    const auto events = told(*watch);
    REQUIRE(events.size() == 2);
    CHECK(events[0].at("object").at("columnDefinitions").size() == 3);
    CHECK(events[1].at("object").at("columnDefinitions").is_null());
    CHECK(events[1].at("object").at("rows").at(0).at("cells").at(1) == 1);
}
