#include "status/ledger.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace moontide;
using status::Draft;
using status::Ledger;
using status::Notice;

namespace {

Notice refused(const std::string& target, const std::string& source = "shared") {
    Notice notice;
    notice.about = {{"v1", "ConfigMap"}, "flux-system", source};
    notice.uid = "uid-" + source;
    notice.type = Notice::Type::warning;
    notice.reason = "TargetRefused";
    notice.message = target + " is taken";
    notice.subject = target;
    return notice;
}

struct Told {
    ManualClock clock;
    Ledger ledger;

    std::optional<Draft> tell(const Notice& notice) {
        auto draft = ledger.judge(notice, clock.now(), clock.wall());
        if (draft) ledger.written(*draft, clock.now());
        return draft;
    }
};

}  // namespace

TEST_CASE("a notice is written once, and its count is raised at most once in ten minutes") {
    Told told;
    const auto first = told.tell(refused("a"));
    REQUIRE(first);
    CHECK(first->write == Draft::Write::create);
    CHECK(first->place == "flux-system");
    CHECK(first->count == 1);
    for (int again = 0; again < 20; ++again) {
        told.clock.advance(Milliseconds(29'000));
        CHECK_FALSE(told.tell(refused("a")));
    }
    told.clock.advance(Milliseconds(20'000));
    const auto raised = told.tell(refused("a"));
    REQUIRE(raised);
    CHECK(raised->write == Draft::Write::raise);
    CHECK(raised->name == first->name);
    CHECK(raised->count == 22);
    CHECK(raised->first == first->first);
    CHECK(raised->last > first->last);
    CHECK_FALSE(told.tell(refused("a")));
}

TEST_CASE("notices differ by object, uid, type, reason and subject, not by message") {
    Told told;
    const auto base = refused("a");
    REQUIRE(told.tell(base));
    std::set<std::string> names;
    const auto differs = [&](auto change) {
        auto notice = base;
        change(notice);
        const auto draft = told.tell(notice);
        if (draft) names.insert(draft->name);
        return draft.has_value();
    };
    CHECK(differs([](Notice& notice) { notice.about.name = "other"; }));
    CHECK(differs([](Notice& notice) { notice.about.kind.kind = "Secret"; }));
    CHECK(differs([](Notice& notice) { notice.uid = "later"; }));
    CHECK(differs([](Notice& notice) { notice.type = Notice::Type::normal; }));
    CHECK(differs([](Notice& notice) { notice.reason = "TargetFailed"; }));
    CHECK(differs([](Notice& notice) { notice.subject = "b"; }));
    CHECK_FALSE(differs([](Notice& notice) { notice.message = "in other words"; }));
    CHECK(names.size() == 6);
}

TEST_CASE("an object has a burst of 25 and one more every 5 minutes, and takes none from others") {
    Told told;
    int written = 0;
    for (int target = 0; target < 100; ++target) written += told.tell(refused("t" + std::to_string(target))) ? 1 : 0;
    CHECK(written == 25);
    CHECK(told.tell(refused("t", "quiet")));
    told.clock.advance(Milliseconds(299'000));
    CHECK_FALSE(told.tell(refused("t200")));
    told.clock.advance(Milliseconds(2'000));
    CHECK(told.tell(refused("t200")));
    CHECK_FALSE(told.tell(refused("t201")));
}

TEST_CASE("while an Event is being written the same notice only counts") {
    ManualClock clock;
    Ledger ledger;
    const auto draft = ledger.judge(refused("a"), clock.now(), clock.wall());
    REQUIRE(draft);
    clock.advance(Milliseconds(700'000));
    CHECK_FALSE(ledger.judge(refused("a"), clock.now(), clock.wall()));
}

TEST_CASE("an Event that the server has forgotten is written anew with its whole count") {
    Told told;
    const auto first = told.tell(refused("a"));
    told.clock.advance(Milliseconds(4'000'000));
    const auto raised = told.tell(refused("a"));
    REQUIRE(raised);
    const auto anew = told.ledger.gone(*raised, told.clock.wall());
    REQUIRE(anew);
    CHECK(anew->write == Draft::Write::create);
    CHECK(anew->name != first->name);
    CHECK(anew->count == 2);
}

TEST_CASE("after a failure the next notice of its kind begins anew") {
    ManualClock clock;
    Ledger ledger;
    const auto draft = ledger.judge(refused("a"), clock.now(), clock.wall());
    ledger.failed(*draft);
    const auto again = ledger.judge(refused("a"), clock.now(), clock.wall());
    REQUIRE(again);
    CHECK(again->write == Draft::Write::create);
}

TEST_CASE("what is remembered is bounded, the oldest goes first") {
    ManualClock clock;
    Ledger ledger(2);
    for (const auto* source : {"one", "two", "three"}) {
        auto draft = ledger.judge(refused("a", source), clock.now(), clock.wall());
        REQUIRE(draft);
        ledger.written(*draft, clock.now());
    }
    CHECK_FALSE(ledger.judge(refused("a", "three"), clock.now(), clock.wall()));
    CHECK(ledger.judge(refused("a", "one"), clock.now(), clock.wall()));
}

TEST_CASE("an Event's name is a valid one whatever the object's is") {
    ManualClock clock;
    Ledger ledger;
    auto notice = refused("a", std::string(236, 'n') + "." + std::string(16, 'n'));
    CHECK(ledger.judge(notice, clock.now(), clock.wall())->name.size() <= 253);
    notice.about.name = "system:node";
    CHECK(ledger.judge(notice, clock.now(), clock.wall())->name.starts_with("system-node."));
    notice.about = {{"v1", "Namespace"}, "", "blue"};
    CHECK(ledger.judge(notice, clock.now(), clock.wall())->place == "default");
}

TEST_CASE("a message is cut to 1024 bytes between two characters") {
    ManualClock clock;
    Ledger ledger;
    auto notice = refused("a");
    notice.message.clear();
    while (notice.message.size() < 2'000) notice.message += "\u6f6e";
    const auto message = ledger.judge(notice, clock.now(), clock.wall())->notice.message;
    CHECK(message.size() <= 1'024);
    CHECK(message.size() > 1'018);
    CHECK(message.ends_with("\u6f6e..."));
    CHECK(status::cut("short", 10) == "short");
}
