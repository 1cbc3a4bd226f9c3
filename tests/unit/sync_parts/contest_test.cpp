#include "planned.hpp"

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
        const auto found = have.troubles().find(planned.target(namespace_name));
        return found == have.troubles().end() ? std::string() : found->second.reason;
    });
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
