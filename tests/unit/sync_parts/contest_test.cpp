#include "planned.hpp"
#include "sync/candidates.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sync;

namespace {

template <typename Step>
bool is_ordered(Planned& planned, const std::string& namespace_name, plan::UnitId unit) {
    return planned.ordered(namespace_name) == unit && planned.board.have.with([&](plan::Have& have) {
        return have.ticket(planned.target(namespace_name))->creates == std::is_same_v<Step, plan::Create>;
    });
}

std::string trouble(Planned& planned, const std::string& namespace_name) {
    return planned.board.have.with([&](plan::Have& have) {
        std::string reason;
        have.troubles().each([&](const plan::TargetKey& target, const plan::Trouble& trouble) {
            if (target == planned.target(namespace_name)) reason = trouble.reason;
        });
        return reason;
    });
}

bool is_queued(const Planned& planned, const queue::Key& asked) {
    bool found = false;
    planned.board.queue.each_key([&](const queue::Key& key) { found = found || key == asked; });
    return found;
}

}  // namespace

TEST_CASE("a target that nobody holds goes to the older source, whoever is looked at first") {
    for (const bool older_first : {true, false}) {
        Planned planned;
        // The longer name is the younger source.
        const auto older = planned.add("p", {"a"}, {"apps"}).front();
        const auto younger = planned.add("q", {"bbbb"}, {"apps"}).front();
        planned.planner.look_at({older_first ? older : younger, 0});
        planned.planner.look_at({older_first ? younger : older, 0});
        CHECK(is_ordered<plan::Create>(planned, "apps", older));
        CHECK(planned.board.have.with([&](plan::Have& have) {
            return have.candidates(planned.target("apps")) == std::vector<plan::UnitId>{younger};
        }));
    }
}

TEST_CASE("who holds a target keeps it while it wants it, also from an older source") {
    Planned planned;
    const auto older = planned.add("p", {"a"}, {"apps"}).front();
    const auto holder = planned.add("q", {"bbbb"}, {"apps"}).front();
    planned.stands("apps", holder);
    planned.planner.look_at({older, 0});
    CHECK(planned.ordered("apps") == 0);
    CHECK(trouble(planned, "apps") == "HeldByOther");

    // It lets go: taken over in place, never deleted in between.
    planned.policies[1]->targets = {};
    planned.planner.look_at({holder, 0});
    CHECK(planned.ordered("apps") == 0);
    planned.planner.look_at({older, 0});
    CHECK(planned.ordered("apps") == older);
}

TEST_CASE("what is let go before a start has looked at all is removed only then, unless somebody asks for it by then") {
    for (const bool asked : {true, false}) {
        INFO(asked);
        Planned planned;
        const auto units = planned.add("p", {"a", "bbbb"}, {});
        const auto holder = units.front();
        const auto next = units.back();
        auto& running = *planned.board.policies.front();
        running.looked = false;
        planned.stands("apps", holder);
        planned.board.units.change(holder, [](Unit& unit) { unit.presence = Presence::deleted; });
        planned.board.sources.front()->feed->changed(watch::EventType::deleted,
                                                     R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{)"
                                                     R"("name":"a","namespace":"flux-system","resourceVersion":"9"}})");
        planned.planner.look_at({holder, 0});
        CHECK(planned.ordered("apps") == 0);

        if (asked) planned.policies.front()->targets = {"apps"};
        planned.planner.look_at({next, 0});
        CHECK(planned.ordered("apps") == (asked ? next : 0));
        CHECK(running.end_first_look() == std::set<Gate::Drop>{{holder, planned.board.names.id("apps")}});
        planned.planner.look_at({holder, 0});
        CHECK(planned.ordered("apps") == (asked ? next : holder));
    }
}

TEST_CASE("who left a target to an older source looks again when that one has changed its mind") {
    Planned planned;
    const auto older = planned.add("p", {"a"}, {"apps"}).front();
    const auto younger = planned.add("q", {"bbbb"}, {"apps"}).front();
    planned.planner.look_at({older, 0});
    planned.planner.look_at({younger, 0});
    CHECK(planned.ordered("apps") == older);
    CHECK(trouble(planned, "apps") == "HeldByOther");
    planned.policies.front()->targets = {};
    planned.planner.look_at({older, 0});
    CHECK(planned.ordered("apps") == 0);
    CHECK(is_queued(planned, planned.spot(younger, "apps")));
    planned.planner.look_at(planned.spot(younger, "apps"));
    CHECK(planned.ordered("apps") == younger);
}

TEST_CASE("whose step gives way to an older one's before it was sent looks again when that has ended") {
    Planned planned;
    const auto older = planned.add("p", {"a"}, {"apps"}).front();
    const auto younger = planned.add("q", {"bbbb"}, {"apps"}).front();
    planned.policies[1]->existing = policy::Existing::merge;
    // Its step comes while the older one is looked at.
    planned.policies[0]->on_evaluated = [&] {
        planned.board.units.change(older, [](Unit& unit) { ++unit.generation; });
    };
    planned.planner.look_at({younger, 0});
    planned.planner.look_at({older, 0});
    CHECK(planned.ordered("apps") == older);
    CHECK(planned.board.have.with(
        [&](plan::Have& have) { return have.ticket(planned.target("apps"))->again.contains(younger); }));
}

TEST_CASE("who waits for a target looks again when another one that waited for it steps back") {
    Planned planned;
    const auto older = planned.add("p", {"a"}, {}).front();
    const auto younger = planned.add("q", {"bbbb"}, {}).front();
    planned.board.have.with([&](plan::Have& have) {
        for (const auto unit : {older, younger}) have.contest(planned.target("apps"), unit);
    });
    step_back(planned.board, *planned.board.units.get(older));
    CHECK(is_queued(planned, planned.spot(younger, "apps")));
    CHECK_FALSE(is_queued(planned, planned.spot(older, "apps")));
}

TEST_CASE("who let a copy go looks again when the one that was about to take it over has changed its mind") {
    Planned planned;
    const auto holder = planned.add("p", {"a"}, {}).front();
    const auto next = planned.add("q", {"bbbb"}, {"apps"}).front();
    planned.stands("apps", holder);
    planned.planner.look_at({next, 0});
    planned.planner.look_at({holder, 0});
    CHECK(planned.ordered("apps") == next);
    CHECK_FALSE(is_queued(planned, planned.spot(holder, "apps")));

    planned.policies.back()->targets = {};
    planned.planner.look_at(planned.spot(next, "apps"));
    CHECK(planned.ordered("apps") == 0);
    CHECK(is_queued(planned, planned.spot(holder, "apps")));
    planned.planner.look_at(planned.spot(holder, "apps"));
    CHECK(planned.ordered("apps") == holder);
}

TEST_CASE("who let a copy go looks again when the one that waited for it wants it no more, shown by the watch or not") {
    const bool shown = GENERATE(true, false);
    const bool steps_back = GENERATE(true, false);
    CAPTURE(shown, steps_back);
    Planned planned;
    const auto holder = planned.add("p", {"a"}, {}).front();
    const auto next = planned.add("q", {"bbbb"}, {}).front();
    const auto record = planned.stands("apps", holder);
    planned.board.have.with([&](plan::Have& have) {
        have.contest(planned.target("apps"), next);
        if (shown) return;
        have.remove(planned.target("apps"));
        have.see(planned.target("apps"), {.standing = record, .version = 7, .uid = record.uid, .own_write = true});
    });
    planned.planner.look_at({holder, 0});
    CHECK(planned.ordered("apps") == 0);

    if (steps_back) {
        step_back(planned.board, *planned.board.units.get(next));
    } else {
        planned.planner.look_at(planned.spot(next, "apps"));
    }
    CHECK(is_queued(planned, planned.spot(holder, "apps")));
    planned.planner.look_at(planned.spot(holder, "apps"));
    CHECK(planned.ordered("apps") == holder);
}

TEST_CASE("a copy that another source has taken over is not removed by the one that had it") {
    Planned planned;
    const auto before = planned.add("p", {"a"}, {}).front();
    const auto after = planned.add("q", {"bbbb"}, {"apps"}).front();
    auto record = planned.stands("apps", before);
    // The answer is there, the watch has not shown it yet.
    record.unit = after;
    record.resource_version = 9;
    planned.board.have.with([&](plan::Have& have) {
        have.see(planned.target("apps"), {.standing = record, .version = 9, .uid = record.uid, .own_write = true});
    });
    planned.planner.look_at({before, 0});
    CHECK(planned.ordered("apps") == 0);
}

TEST_CASE("a target that another source got during the look is not taken from it") {
    Planned planned;
    const auto asking = planned.add("p", {"a"}, {"apps", "web"}).front();
    const auto other = planned.add("q", {"bbbb"}, {"apps"}).front();
    const auto holder = planned.add("r", {"cccc"}, {"web"}).front();
    planned.stands("web", holder);
    // Asked whether it still wants "web", the holder's evaluation is where the time passes.
    planned.policies[2]->on_evaluated = [&] { planned.stands("apps", other); };
    planned.planner.look_at({asking, 0});
    CHECK(planned.ordered("apps") == 0);
}
