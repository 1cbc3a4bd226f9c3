// How the machine lists: by pages, and by a watch that begins with a list.
#include "driven.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::watch;

// Lists by pages

TEST_CASE("a list is consistent, paged, and followed by a watch from its version") {
    Driven d;
    CHECK(d.machine.state_name() == "listing");
    CHECK(d.on(Started{}) == Words{"list limit=500"});
    CHECK(d.on(PageRead{7, "a/b="}) == Words{"begin", "page"});
    CHECK_FALSE(d.machine.synced());
    CHECK(d.on(PageDelivered{}) == Words{"list limit=500&continue=a%2Fb%3D"});
    CHECK(d.on(PageRead{7, "c"}) == Words{"page"});
    CHECK(d.on(PageDelivered{}) == Words{"list limit=500&continue=c"});
    CHECK(d.on(PageRead{7, ""}) == Words{"page"});
    CHECK(d.on(PageDelivered{}) == Words{"finish 7", "watch 7"});
    CHECK(d.machine.synced());
    CHECK(d.machine.state_name() == "watching");
    CHECK(d.machine.relists() == 0);
    CHECK(d.last_query.find("watch=1&allowWatchBookmarks=true") != std::string::npos);
}

TEST_CASE("selectors go into every request, encoded") {
    auto scope = configmaps();
    scope.label_selector = "app in (a,b)";
    scope.field_selector = "metadata.name=x";
    Driven d(paged(), scope);
    const std::string selectors = "labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx";
    CHECK(d.on(Started{}) == Words{"list " + selectors + "&limit=500"});
    d.on(PageRead{7, ""});
    d.on(PageDelivered{});
    CHECK(d.last_query.starts_with(selectors + "&watch=1"));
}

TEST_CASE("a watch's timeout is drawn between five and ten minutes") {
    std::vector<int> seen;
    for (std::uint64_t seed = 1; seed < 40; ++seed) {
        Driven d(paged(), configmaps(), seed);
        d.watching(5);
        const auto at = d.last_query.find("timeoutSeconds=") + 15;
        seen.push_back(std::stoi(d.last_query.substr(at)));
        CHECK(seen.back() >= 300);
        CHECK(seen.back() <= 600);
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen.back() - seen.front() > 100);
}

TEST_CASE("a first page that fails is asked for again after a wait") {
    const auto failure = GENERATE(as<Failure>(), unreachable, broken, Failure{429, "slow down"}, Failure{401, "who?"},
                                  denied, missing, compacted, Failure{400, "what?"});
    CAPTURE(failure.status);
    Driven d;
    d.on(Started{});
    CHECK(d.on(ListFailed{failure}) == Words{"wait"});
    CHECK(d.machine.state_name() == "waiting");
    CHECK_FALSE(d.machine.last_error().empty());
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
    d.on(PageRead{7, ""});
    d.on(PageDelivered{});
    CHECK(d.machine.last_error().empty());
}

TEST_CASE("a page in the middle that fails in passing is asked for again, three times in all") {
    Driven d;
    d.on(Started{});
    d.on(PageRead{7, "t"});
    d.on(PageDelivered{});
    CHECK(d.on(ListFailed{broken}) == Words{"wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500&continue=t"});
    CHECK(d.on(ListFailed{unreachable}) == Words{"wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500&continue=t"});
    CHECK(d.on(ListFailed{unreachable}) == Words{"abandon", "wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
}

TEST_CASE("a continue token that is compacted starts the list anew") {
    Driven d;
    d.on(Started{});
    d.on(PageRead{7, "t"});
    d.on(PageDelivered{});
    CHECK(d.on(ListFailed{compacted}) == Words{"abandon", "wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
    CHECK(d.on(PageRead{9, ""}) == Words{"begin", "page"});
    CHECK(d.on(PageDelivered{}) == Words{"finish 9", "watch 9"});
}

TEST_CASE("where tokens keep expiring the list is asked for in one piece") {
    Driven d;
    d.on(Started{});
    for (int i = 0; i < 2; ++i) {
        d.on(PageRead{7, "t"});
        d.on(PageDelivered{});
        d.on(ListFailed{compacted});
        d.on(TimerFired{});
    }
    CHECK(d.on(ListFailed{broken}) == Words{"wait"});
    CHECK(d.on(TimerFired{}) == Words{"list "});
}

TEST_CASE("a page whose items cannot be read is not half of a list") {
    Driven d;
    d.on(Started{});
    CHECK(d.on(PageRead{7, "t"}) == Words{"begin", "page"});
    CHECK(d.on(ListFailed{{0, "unreadable"}}) == Words{"abandon", "wait"});
    CHECK_FALSE(d.machine.synced());
}

TEST_CASE("a list that is older than what was seen is asked for again") {
    Driven d;
    d.watching(50);
    d.on(EventSeen{60});
    d.on(ErrorSeen{compacted});
    d.on(TimerFired{});
    CHECK(d.on(PageRead{59, ""}) == Words{"wait"});
    CHECK(d.machine.last_error().find("older") != std::string::npos);
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
    CHECK(d.on(PageRead{60, ""}) == Words{"begin", "page"});
}

// WatchList

TEST_CASE("a server with WatchList lists by a watch that goes on") {
    Driven d{IngestOptions{}};
    CHECK(d.on(Started{}) == Words{"watch list"});
    CHECK(d.last_query.find("resourceVersionMatch=NotOlderThan") != std::string::npos);
    CHECK(d.last_query.find("allowWatchBookmarks=true") != std::string::npos);
    CHECK(d.last_query.find("resourceVersion=") == std::string::npos);
    CHECK(d.machine.state_name() == "listing");
    CHECK(d.on(StreamOpened{}) == Words{"begin"});
    CHECK(d.on(EventSeen{3}) == Words{"listed"});
    CHECK(d.on(EventSeen{9}) == Words{"listed"});
    CHECK_FALSE(d.machine.synced());
    CHECK(d.machine.version() == 0);
    CHECK(d.on(BookmarkSeen{{12, true}}) == Words{"finish 12"});
    CHECK(d.machine.synced());
    CHECK(d.machine.state_name() == "watching");
    CHECK(d.on(EventSeen{13}) == Words{"change"});
    CHECK(d.on(StreamEnded{"", Milliseconds(300'000)}) == Words{"watch 13"});
}

TEST_CASE("a server without WatchList is listed by pages from then on") {
    Driven d{IngestOptions{}};
    d.on(Started{});
    SECTION("it refuses the parameter") {
        const int status = GENERATE(400, 422);
        CHECK(d.on(StreamRefused{{status, "sendInitialEvents is forbidden"}}) == Words{"list limit=500"});
    }
    SECTION("it ignores the parameter and sends an ordinary bookmark") {
        d.on(StreamOpened{});
        d.on(EventSeen{3});
        CHECK(d.on(BookmarkSeen{{12, false}}) == Words{"close", "abandon", "list limit=500"});
    }
    SECTION("it ignores the parameter and has nothing to say") {
        d.on(StreamOpened{});
        CHECK(d.machine.silent_after() == Milliseconds(10'000));
        CHECK(d.on(SilenceNoticed{}) == Words{"close", "abandon", "list limit=500"});
    }
    SECTION("it says so in an event") {
        d.on(StreamOpened{});
        CHECK(d.on(ErrorSeen{{422, "no"}}) == Words{"close", "abandon", "list limit=500"});
    }
    CHECK(d.on(PageRead{20, ""}) == Words{"begin", "page"});
    CHECK(d.on(PageDelivered{}) == Words{"finish 20", "watch 20"});
    d.on(ErrorSeen{compacted});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
}

TEST_CASE("a WatchList that ends before its end is abandoned and asked for again") {
    Driven d{IngestOptions{}};
    d.on(Started{});
    d.on(StreamOpened{});
    d.on(EventSeen{3});
    SECTION("the stream ends") {
        CHECK(d.on(StreamEnded{"", Milliseconds(60'000)}) == Words{"abandon", "wait"});
    }
    SECTION("the connection dies") {
        CHECK(d.on(StreamEnded{"reset", Milliseconds(1)}) == Words{"abandon", "wait"});
    }
    SECTION("an error comes") {
        CHECK(d.on(ErrorSeen{broken}) == Words{"close", "abandon", "wait"});
    }
    SECTION("410 comes") {
        CHECK(d.on(ErrorSeen{compacted}) == Words{"close", "abandon", "wait"});
    }
    SECTION("garbage comes") {
        CHECK(d.on(GarbageSeen{"<html>"}) == Words{"close", "abandon", "wait"});
    }
    CHECK_FALSE(d.machine.synced());
    CHECK(d.on(TimerFired{}) == Words{"watch list"});
    CHECK(d.on(StreamOpened{}) == Words{"begin"});
}

TEST_CASE("after three WatchLists that were cut short pages are tried") {
    Driven d{IngestOptions{}};
    d.on(Started{});
    for (int i = 0; i < 3; ++i) {
        d.on(StreamOpened{});
        CHECK(d.on(StreamEnded{"reset", Milliseconds(1)}) == Words{"abandon", "wait"});
        CHECK(d.on(TimerFired{}) == (i < 2 ? Words{"watch list"} : Words{"list limit=500"}));
    }
}

TEST_CASE("a WatchList that is denied or unreachable is asked for again") {
    const auto failure =
        GENERATE(as<Failure>(), denied, missing, broken, unreachable, compacted, Failure{429, "slow down"});
    CAPTURE(failure.status);
    Driven d{IngestOptions{}};
    d.on(Started{});
    CHECK(d.on(StreamRefused{failure}) == Words{"wait"});
    CHECK(d.on(TimerFired{}) == Words{"watch list"});
}

TEST_CASE("a WatchList that is older than what was seen is asked for again") {
    Driven d{IngestOptions{}};
    d.on(Started{});
    d.on(StreamOpened{});
    d.on(BookmarkSeen{{12, true}});
    d.on(ErrorSeen{compacted});
    CHECK(d.on(TimerFired{}) == Words{"watch list"});
    d.on(StreamOpened{});
    d.on(EventSeen{3});
    CHECK(d.on(BookmarkSeen{{11, true}}) == Words{"close", "abandon", "wait"});
    CHECK(d.machine.version() == 12);
}
