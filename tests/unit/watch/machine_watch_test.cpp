// How the machine watches, waits and lists again.
#include "driven.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::watch;

// Watches

TEST_CASE("events are delivered and move the version, bookmarks move it alone") {
    Driven d;
    d.watching(5);
    CHECK(d.on(EventSeen{6}) == Words{"change"});
    CHECK(d.on(BookmarkSeen{{90, false}}) == Words{"progress 90"});
    CHECK(d.machine.version() == 90);
    CHECK(d.on(BookmarkSeen{{80, false}}) == Words{"progress 90"});
    CHECK(d.on(StreamEnded{"", Milliseconds(400'000)}) == Words{"watch 90"});
    CHECK(d.machine.relists() == 0);
}

TEST_CASE("a watch that ends by itself is resumed at once and is no failure") {
    Driven d;
    d.watching(5);
    for (int i = 0; i < 5; ++i) {
        CHECK(d.on(StreamEnded{"", Milliseconds(300'000)}) == Words{"watch 5"});
        CHECK(d.machine.last_error().empty());
        d.on(StreamOpened{});
    }
}

TEST_CASE("a watch that ends as soon as it is open is not hurried back to") {
    Driven d;
    d.watching(5);
    Milliseconds before{0};
    for (int i = 0; i < 12; ++i) {
        CHECK(d.on(StreamEnded{"", Milliseconds(3)}) == Words{"wait"});
        if (i == 8) before = d.last_wait;
        CHECK(d.on(TimerFired{}) == Words{"watch 5"});
        d.on(StreamOpened{});
    }
    CHECK(before >= Milliseconds(15'000));
}

TEST_CASE("a watch that ends soon but brings something is resumed within a second") {
    Driven d;
    d.watching(5);
    for (kube::ResourceVersion version = 6; version < 20; ++version) {
        d.on(EventSeen{version});
        CHECK(d.on(StreamEnded{"", Milliseconds(3)}) == Words{"wait"});
        CHECK(d.last_wait <= Milliseconds(1000));
        CHECK(d.on(TimerFired{}) == Words{fmt::format("watch {}", version)});
        d.on(StreamOpened{});
    }
    CHECK(d.machine.relists() == 0);
}

TEST_CASE("410 in either form means one relist after a random wait, and what is there stays until then") {
    const bool as_event = GENERATE(true, false);
    std::vector<Milliseconds> waits;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Driven d(paged(), configmaps(), seed);
        d.watching(5);
        if (as_event) {
            CHECK(d.on(ErrorSeen{compacted}) == Words{"close", "wait"});
            CHECK(d.on(StreamEnded{"", Milliseconds(5)}).empty());
        } else {
            d.on(StreamEnded{"", Milliseconds(300'000)});
            CHECK(d.on(StreamRefused{compacted}) == Words{"wait"});
        }
        waits.push_back(d.last_wait);
        CHECK(d.machine.synced());
        CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
        CHECK(d.on(TimerFired{}).empty());
        CHECK(d.on(PageRead{30, ""}) == Words{"begin", "page"});
        CHECK(d.on(PageDelivered{}) == Words{"finish 30", "watch 30"});
        CHECK(d.machine.relists() == 1);
    }
    std::sort(waits.begin(), waits.end());
    CHECK(waits.back() <= Milliseconds(1000));
    CHECK(waits.back() - waits.front() >= Milliseconds(400));
}

TEST_CASE("410 after every list does not become a storm of lists") {
    Driven d;
    d.watching(5);
    Milliseconds total{0};
    for (kube::ResourceVersion version = 6; version < 18; ++version) {
        d.on(StreamRefused{compacted});
        total += d.last_wait;
        d.on(TimerFired{});
        d.on(PageRead{version, ""});
        d.on(PageDelivered{});
    }
    CHECK(d.machine.relists() == 12);
    CHECK(total > Milliseconds(60'000));
}

TEST_CASE("what may pass is waited for and the watch resumed without a list") {
    const auto failure = GENERATE(as<Failure>(), broken, unreachable, Failure{503, "busy"}, Failure{401, "who?"},
                                  denied, Failure{429, "slow down"}, Failure{504, "late"});
    CAPTURE(failure.status);
    Driven d;
    d.watching(5);
    SECTION("refused") {
        CHECK(d.on(StreamRefused{failure}) == Words{"wait"});
    }
    SECTION("told by an event") {
        CHECK(d.on(ErrorSeen{failure}) == Words{"close", "wait"});
    }
    CHECK(d.machine.state_name() == "waiting");
    CHECK_FALSE(d.machine.last_error().empty());
    CHECK(d.on(TimerFired{}) == Words{"watch 5"});
    CHECK(d.on(StreamOpened{}).empty());
    CHECK(d.machine.last_error().empty());
    CHECK(d.machine.relists() == 0);
}

TEST_CASE("a collection that is not there any more is listed when it is back, and what is there stays until then") {
    Driven d;
    d.watching(5);
    SECTION("refused") {
        CHECK(d.on(StreamRefused{missing}) == Words{"wait"});
    }
    SECTION("told by an event") {
        CHECK(d.on(ErrorSeen{missing}) == Words{"close", "wait"});
    }
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
    CHECK(d.machine.version() == 5);
}

TEST_CASE("a dead connection is dialled anew and the watch resumed") {
    Driven d;
    d.watching(5);
    d.on(EventSeen{8});
    SECTION("it broke") {
        CHECK(d.on(StreamEnded{"connection reset", Milliseconds(90'000)}) == Words{"wait"});
    }
    SECTION("it fell silent") {
        CHECK(d.on(SilenceNoticed{}) == Words{"close", "wait"});
    }
    CHECK(d.last_wait <= Milliseconds(200));
    CHECK(d.on(TimerFired{}) == Words{"watch 8"});
}

TEST_CASE("a query that the server does not take leads to a list") {
    const int status = GENERATE(400, 405, 406, 422);
    Driven d;
    d.watching(5);
    CHECK(d.on(StreamRefused{{status, "no"}}) == Words{"wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
}

TEST_CASE("an error event that comes again and again leads to a list") {
    Driven d;
    d.watching(5);
    for (int i = 0; i < 3; ++i) {
        CHECK(d.on(ErrorSeen{broken}) == Words{"close", "wait"});
        CHECK(d.on(TimerFired{}) == Words{"watch 5"});
        d.on(StreamOpened{});
    }
    CHECK(d.on(ErrorSeen{broken}) == Words{"close", "wait"});
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
}

TEST_CASE("garbage in a watch leads to a list, since what it was about is unknown") {
    Driven d;
    d.watching(5);
    CHECK(d.on(GarbageSeen{"a line that is no event"}) == Words{"close", "wait"});
    CHECK(d.machine.last_error() == "a line that is no event");
    CHECK(d.on(TimerFired{}) == Words{"list limit=500"});
}

// Waits

TEST_CASE("waits grow to the longest and differ from watch to watch") {
    Driven a(paged(), configmaps(), 1);
    Driven b(paged(), configmaps(), 2);
    a.on(Started{});
    b.on(Started{});
    bool differ = false;
    for (int i = 0; i < 12; ++i) {
        a.on(ListFailed{unreachable});
        b.on(ListFailed{unreachable});
        differ = differ || a.last_wait != b.last_wait;
        CHECK(a.last_wait <= Milliseconds(30'000));
        a.on(TimerFired{});
        b.on(TimerFired{});
    }
    CHECK(a.last_wait >= Milliseconds(15'000));
    CHECK(differ);
}

TEST_CASE("what must be granted or installed first is asked for slowly from the first time, and ever more so") {
    const auto failure = GENERATE(as<Failure>(), denied, missing);
    Driven d;
    d.watching(5);
    for (Milliseconds step{1'600}; step < Milliseconds(60'000); step *= 2) {
        d.on(d.machine.state_name() == "watching" ? Input(StreamRefused{failure}) : Input(ListFailed{failure}));
        const auto longest = std::min(step, Milliseconds(30'000));
        CHECK(d.last_wait >= longest / 2);
        CHECK(d.last_wait <= longest);
        d.on(TimerFired{});
    }
}

TEST_CASE("Retry-After is obeyed") {
    Driven d;
    d.on(Started{});
    d.on(ListFailed{{429, "slow down", Milliseconds(7'000)}});
    CHECK(d.last_wait >= Milliseconds(7'000));
    CHECK(d.last_wait <= Milliseconds(8'000));
    d.on(TimerFired{});
    d.on(PageRead{5, ""});
    d.on(PageDelivered{});
    d.on(StreamRefused{{503, "busy", Milliseconds(40'000)}});
    CHECK(d.last_wait >= Milliseconds(40'000));
}

TEST_CASE("a watch that lived long forgets the failures before it") {
    Driven d;
    d.watching(5);
    for (int i = 0; i < 8; ++i) {
        d.on(StreamRefused{unreachable});
        d.on(TimerFired{});
    }
    CHECK(d.last_wait >= Milliseconds(10'000));
    d.on(StreamOpened{});
    d.on(StreamEnded{"reset", Milliseconds(60'000)});
    CHECK(d.last_wait <= Milliseconds(200));
}
