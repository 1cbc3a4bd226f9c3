#include "sync/finalizers.hpp"

#include "holding.hpp"
#include "sync/owners.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace moontide;
using namespace moontide::sync;
using nlohmann::json;

namespace {

const kube::Resource secrets{{"v1", "Secret"}, "secrets", true, false};
const std::string second_uid = "22222222-0000-4000-8000-000000000000";

/// A copy of the owner's as a list has it, its claim changed by `change`.
json copy_in(const std::string& namespace_name, const std::function<void(plan::Claim&)>& change = [](plan::Claim&) {}) {
    plan::Claim claim;
    claim.instance = "moontide";
    claim.bond = Holding::bond("shared");
    claim.place = {"c0c1c2c3-0000-4000-8000-000000000000", namespace_name, "copy"};
    change(claim);
    return {{"metadata",
             {{"namespace", namespace_name},
              {"name", "copy"},
              {"uid", "33333333-0000-4000-8000-000000000000"},
              {"resourceVersion", "8"},
              {"annotations", {{std::string(plan::marks::claim), claim.text()}}}}}};
}

json ending(json object, const std::vector<std::string>& finalizers) {
    object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    object["metadata"]["finalizers"] = finalizers;
    return object;
}

}  // namespace

TEST_CASE("the finalizer goes on and comes off, and those of others stay") {
    struct Row {
        std::string what;
        bool on;
        bool terminating;
        std::vector<std::string> before;
        std::vector<std::string> after;
        std::size_t patches;
    };
    const std::vector<Row> rows = {
        {"on, the first", true, false, {}, {ours}, 1},
        {"on, beside others", true, false, {"a"}, {"a", ours}, 1},
        {"on where it is on", true, false, {"a", ours}, {"a", ours}, 0},
        {"on what is being deleted", true, true, {"a"}, {"a"}, 0},
        {"off, the last", false, true, {ours}, {}, 1},
        {"off, between others", false, true, {"a", ours, "b"}, {"a", "b"}, 1},
        {"off where it is not on", false, true, {"a"}, {"a"}, 0},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Holding holding(row.before, row.terminating);
        holding.world.board.units.change(holding.unit, [&](Unit& unit) { unit.held = !row.on; });
        holding.begin(row.on);
        CHECK_FALSE(holding.finalizers.settled());
        holding.run_to_its_end();
        CHECK(holding.on_it() == json(row.after));
        CHECK(holding.patches == row.patches);
        const auto unit = holding.world.board.units.get(holding.unit);
        CHECK(unit->held == (row.on == (row.patches > 0)));
        CHECK(unit->held_since == (row.patches > 0 ? 9 : 0));
        CHECK(holding.finalizers.settled());
        CHECK(holding.finalizers.waiting(holding.unit).empty());
    }
}

TEST_CASE("what others wrote meanwhile is kept: a refused patch is made anew of what the watch shows") {
    for (const bool on : {true, false}) {
        INFO(on);
        Holding holding(on ? std::vector<std::string>{} : std::vector<std::string>{ours}, !on);
        holding.change(on ? std::vector<std::string>{"a"} : std::vector<std::string>{"a", ours});
        holding.begin(on);
        holding.world.run_until([&] { return holding.patches == 2; });
        CHECK(holding.finalizers.is_busy(holding.unit));
        CHECK(holding.finalizers.waiting(holding.unit).empty());
        holding.show();
        holding.run_to_its_end();
        CHECK(holding.on_it() == (on ? json::array({"a", ours}) : json::array({"a"})));
    }
}

TEST_CASE("an owner that was made anew under its name keeps the finalizer that its forerunner is let go of") {
    Holding holding({ours}, true);
    const auto make_anew = [&] {
        holding.owner = Holding::made(second_uid, {ours});
        holding.owner["metadata"]["resourceVersion"] = "8";
    };
    SECTION("while the forerunner's copies are listed") {
        holding.on_list = [&](const kube::Call&) {
            make_anew();
            holding.show();
            return page(9, json::array());
        };
    }
    SECTION("before the watch shows it") {
        holding.on_patch = [&](const kube::Call& call) {
            make_anew();
            const auto answer = holding.patch(call);
            CHECK(answer->status == 422);
            holding.show();
            return answer;
        };
    }
    holding.begin(false);
    holding.run_to_its_end();
    CHECK(holding.lists > 0);
    CHECK(holding.on_it() == json::array({ours}));
    CHECK(holding.patches <= 1);
}

TEST_CASE("an owner that is not found any more is tried no more, and one that is still shown is told") {
    Holding holding({});
    const auto there = std::exchange(holding.owner, nullptr);
    SECTION("it has gone") {
        holding.on_patch = [&](const kube::Call& call) {
            holding.show();
            return holding.patch(call);
        };
        holding.begin(true);
        holding.run_to_its_end();
        CHECK(holding.patches == 1);
        CHECK(holding.finalizers.waiting(holding.unit).empty());
    }
    SECTION("its kind's definition goes, and comes back") {
        holding.begin(true);
        holding.world.run_until([&] { return !holding.finalizers.waiting(holding.unit).empty(); });
        CHECK(holding.patches == 2);
        CHECK(holding.finalizers.waiting(holding.unit) == "its finalizer cannot be put on: copiers \"web\" not found");
        CHECK(holding.finalizers.is_busy(holding.unit));
        CHECK(holding.finalizers.settled());
        holding.owner = there;
        holding.run_to_its_end();
        CHECK(holding.on_it() == json::array({ours}));
        CHECK(holding.finalizers.waiting(holding.unit).empty());
    }
}

TEST_CASE("a patch that is refused is told") {
    struct Row {
        bool on;
        Result<kube::Answer> answer;
        std::string told;
    };
    const std::vector<Row> rows = {
        {true, refused(403, "copiers is forbidden"), "its finalizer cannot be put on: copiers is forbidden"},
        {false, refused(403, "copiers is forbidden"), "its finalizer cannot be taken off: copiers is forbidden"},
        {true, fail("the connection was lost"), "its finalizer cannot be put on: the connection was lost"},
        {true, kube::Answer{500, {}, "", {}}, "its finalizer cannot be put on: HTTP 500"},
        // An object that its definition allows no more is refused with the code of a test that fails.
        {true, refused(422, "spec.to: Required value"), "its finalizer cannot be put on: spec.to: Required value"},
    };
    for (const auto& row : rows) {
        INFO(row.told);
        Holding holding(row.on ? std::vector<std::string>{} : std::vector<std::string>{ours}, !row.on);
        holding.on_patch = [&](const kube::Call&) { return row.answer; };
        holding.begin(row.on);
        holding.world.run_until([&] { return !holding.finalizers.waiting(holding.unit).empty(); });
        CHECK(holding.finalizers.waiting(holding.unit) == row.told);
        CHECK(holding.finalizers.settled());
        CHECK(holding.finalizers.is_busy(holding.unit));
    }
}

TEST_CASE("an owner is let go when whole lists show none of its copies, and of its alone") {
    const std::string cannot = "what is left of its copies cannot be listed: ";
    struct Row {
        std::string what;
        std::vector<Result<kube::Answer>> pages;
        std::string waits_for;  ///< empty: the finalizer comes off
    };
    const std::vector<Row> rows = {
        {"nothing", {page(9, json::array())}, ""},
        {"nothing on two pages", {page(9, nullptr, "t"), page(9, json::array())}, ""},
        {"a copy", {page(9, json::array({copy_in("apps")}))}, "ConfigMap apps/copy is still there"},
        {"a copy on the first of two pages",
         {page(9, json::array({copy_in("apps")}), "t"), page(9, json::array())},
         "ConfigMap apps/copy is still there"},
        {"two copies",
         {page(9, json::array({copy_in("web")}), "t"), page(9, json::array({copy_in("apps")}))},
         "ConfigMap apps/copy is still there, and 1 more"},
        {"a copy that somebody holds",
         {page(9, json::array({ending(copy_in("apps"), {"example.com/hold"})}))},
         "ConfigMap apps/copy is being deleted and held by the finalizer example.com/hold"},
        {"a copy that goes",
         {page(9, json::array({ending(copy_in("apps"), {})}))},
         "ConfigMap apps/copy is being deleted"},
        {"another owner's",
         {page(9, json::array({copy_in("apps", [](plan::Claim& claim) { claim.bond.owner.name = "other"; })}))},
         ""},
        {"its namesake's",
         {page(9, json::array({copy_in("apps", [](plan::Claim& claim) { claim.bond.owner_uid = second_uid; })}))},
         ""},
        {"another policy's",
         {page(9, json::array({copy_in("apps", [](plan::Claim& claim) { claim.bond.policy = "q"; })}))},
         ""},
        {"another engine's",
         {page(9, json::array({copy_in("apps", [](plan::Claim& claim) { claim.instance = "other"; })}))},
         ""},
        {"a clone",
         {page(9, json::array({copy_in("apps", [](plan::Claim& claim) { claim.place.name = "other"; })}))},
         ""},
        {"forbidden", {refused(403, "configmaps is forbidden")}, cannot + "configmaps is forbidden"},
        {"not found", {refused(404, "not here")}, cannot + "not here"},
        {"expired", {page(9, json::array(), "t"), refused(410, "too old")}, cannot + "too old"},
        {"no answer", {fail("the connection was lost")}, cannot + "the connection was lost"},
        {"no list", {answered(200, json::object())}, cannot + "the list has no items field"},
        {"what cannot be read",
         {page(9, json::array({{{"metadata", {{"resourceVersion", "x"}}}}}))},
         cannot + "the resourceVersion of / is no number"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Holding holding({ours}, true);
        holding.shape().existing = policy::Existing::refuse;
        holding.on_list = [&](const kube::Call& call) {
            const auto expected = "/api/v1/configmaps?limit=500&labelSelector=moontide.dev%2Fowner%3D" + first_uid;
            CHECK(call.path == expected + (holding.lists == 1 ? "" : "&continue=t"));
            return row.pages.at(holding.lists - 1);
        };
        holding.begin(false);
        holding.run_to_its_end();
        CHECK(holding.lists == row.pages.size());
        CHECK(holding.finalizers.waiting(holding.unit) == row.waits_for);
        CHECK(holding.on_it() == (row.waits_for.empty() ? json::array() : json::array({ours})));
    }
}

TEST_CASE("a copy that is left and that nobody knew of is looked at, unless it is on its way") {
    Holding holding({ours}, true);
    holding.on_list = [&](const kube::Call& call) {
        const bool of_parts = call.path.find("moontide.dev%2Fpart%3Dmoontide") != std::string::npos;
        return page(9, of_parts ? json::array() : json::array({copy_in("apps"), ending(copy_in("web"), {})}));
    };
    holding.begin(false);
    holding.run_to_its_end();
    CHECK(holding.lists == 2);
    auto& board = holding.world.board;
    const auto unit = board.units.find(Holding::bond("shared"));
    REQUIRE(unit);
    board.have.with([&](plan::Have& have) {
        const auto* sighting = have.sighting(holding.world.target("apps"));
        REQUIRE(sighting != nullptr);
        CHECK(std::get<plan::Record>(sighting->standing).unit == *unit);
        CHECK(sighting->version == 8);
        CHECK(have.sighting(holding.world.target("web")) == nullptr);
    });
    std::vector<queue::Key> keys;
    board.queue.each_key([&](const queue::Key& key) { keys.push_back(key); });
    CHECK(keys == std::vector<queue::Key>{{*unit, 0}, {holding.unit, settle_spot}});
}

TEST_CASE("a kind that may not be listed holds no owner that never had a source of it") {
    struct Row {
        std::string what;
        std::vector<kube::Kind> source_kinds;
        std::vector<plan::Bond> bonds;
        bool comes_off;
    };
    auto of_secret = Holding::bond("shared");
    of_secret.source.kind = secrets.kind;
    auto of_group = Holding::bond();
    of_group.group = "g";
    const std::vector<kube::Kind> both = {config_maps.kind, secrets.kind};
    const std::vector<Row> rows = {
        {"none at all", both, {}, true},
        {"of the other kind", both, {Holding::bond("shared")}, true},
        {"of that kind", both, {Holding::bond("shared"), of_secret}, false},
        {"of a group, whose kind nobody knows", both, {of_group}, false},
        {"copies are of that kind alone", {secrets.kind}, {}, false},
        {"copies may be of another kind than their sources", {config_maps.kind, copiers.kind}, {}, false},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Holding holding({ours}, true);
        holding.shape().source_kinds = row.source_kinds;
        holding.shape().copy_kinds = both;
        holding.world.board.kinds.id(secrets);
        for (const auto& bond : row.bonds) holding.world.board.units.id(bond, 0);
        holding.on_list = [](const kube::Call& call) -> Result<kube::Answer> {
            if (call.path.starts_with("/api/v1/secrets")) return refused(403, "secrets is forbidden");
            return page(9, json::array());
        };
        holding.begin(false);
        holding.run_to_its_end();
        CHECK(holding.on_it() == (row.comes_off ? json::array() : json::array({ours})));
        CHECK(holding.finalizers.waiting(holding.unit).empty() == row.comes_off);
    }
}

TEST_CASE(
    "an owner is asked about once at a time, and looked at again, with its units, where that was asked for meanwhile") {
    Holding holding({ours}, true);
    holding.shape().existing = policy::Existing::refuse;
    const auto unit = holding.world.board.units.id(Holding::bond("shared"), 0);
    bool twice = false;
    SECTION("once") {}
    SECTION("twice") {
        twice = true;
    }
    holding.begin(false);
    if (twice) holding.begin(false);
    holding.run_to_its_end();
    CHECK(holding.lists == 1);
    CHECK(holding.patches == 1);
    std::vector<queue::Key> keys;
    holding.world.board.queue.each_key([&](const queue::Key& key) { keys.push_back(key); });
    using Keys = std::vector<queue::Key>;
    CHECK(keys == (twice ? Keys{{unit, 0}, {holding.unit, settle_spot}} : Keys{}));
}

TEST_CASE("an answer that comes after the stop takes nothing off and is no finalizer that is on") {
    for (const bool on : {true, false}) {
        INFO(on);
        Holding holding(on ? std::vector<std::string>{} : std::vector<std::string>{ours}, !on);
        auto& board = holding.world.board;
        holding.on_list = [&](const kube::Call&) {
            board.stopping = true;
            return page(9, json::array());
        };
        holding.on_patch = [&](const kube::Call& call) {
            board.stopping = true;
            return holding.patch(call);
        };
        holding.begin(on);
        holding.world.run_until([&] { return board.stopping.load(); });
        CHECK(holding.patches == (on ? 1 : 0));
        CHECK(holding.lists == (on ? 0 : 1));
        CHECK_FALSE(board.units.get(holding.unit)->held);
    }
}
