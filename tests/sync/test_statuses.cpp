// What owners are told: their status, its conditions, and the Events on them.
#include "copiers.hpp"
#include "engine.hpp"
#include "owner_statuses.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const std::string told = R"(existing = 'marked',
  status = function(on)
    local sources = moontide.list()
    for i, s in ipairs(on.report.sources) do sources[i] = { name = s.name, synced = s.synced, changed = s.changed } end
    return { synced = on.report.synced, failed = on.report.failed, sources = sources, last = on.report.changed,
             broken = on.owner.spec.breaks and on.owner.spec.breaks.still.more or nil }
  end)";

}  // namespace

TEST_CASE("an owner is told what became of what it asks for, and nothing is written while nothing changes") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red, blue});
    const auto owner = copiers.ref("one");
    auto status = await_ready(world, owner, "SyncSuccessful");
    CHECK(status["synced"] == Json({blue, red}));
    CHECK(status["failed"] == Json::array());
    CHECK(status["observedGeneration"] == generation_of(world, owner));
    CHECK(status["sources"][0]["name"] == "shared");
    CHECK(parse_rfc3339(status["last"].get<std::string>()));
    CHECK(condition_of(status, "Reconciling").empty());
    engine.settle();

    const auto version = version_of(world.api.get(owner));
    // What comes after it is through, so nothing of it is on its way.
    copiers.make_named("later", {"shared"}, {world.id() + "-absent"});
    await_ready(world, copiers.ref("later"), "SyncPartiallyFailed");
    engine.settle();
    CHECK(version_of(world.api.get(owner)) == version);
    engine.restart();
    engine.settle();
    CHECK(version_of(world.api.get(owner)) == version);

    // A change of the source moves the time alone.
    const auto transition = condition_of(status, "Ready")["lastTransitionTime"];
    engine.stop();
    world.change_data(source, {{"a", "2"}});
    std::this_thread::sleep_for(Milliseconds(1'100));  // the status has whole seconds
    engine.start();
    world.expect_data(config_map(red, "shared"), {{"a", "2"}});
    engine.settle();
    const auto after =
        await_status(world, owner, "a later time", [&](const Json& now) { return now["last"] > status["last"]; });
    CHECK(after["sources"][0]["changed"] == after["last"]);
    CHECK(condition_of(after, "Ready")["lastTransitionTime"] == transition);
}

TEST_CASE("what is missing is a state that heals by itself, and its transitions are dated") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red, world.id() + "-later"});
    const auto owner = copiers.ref("one");
    auto status = await_ready(world, owner, "SourceNotFound");
    CHECK(condition_of(status, "Ready")["message"] == "ConfigMap " + world.sources() + "/shared does not exist");

    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    status = await_ready(world, owner, "SyncPartiallyFailed");
    CHECK(status["synced"] == Json::array({red}));
    CHECK(status["failed"] == Json::array({world.id() + "-later"}));
    const auto message = condition_of(status, "Ready")["message"].get<std::string>();
    CHECK(message.starts_with("1 of 2 copies: ConfigMap " + world.id() + "-later/shared: "));

    world.make_namespace("later");
    status = await_ready(world, owner, "SyncSuccessful");
    CHECK(status["failed"] == Json::array());
    engine.settle();
}

TEST_CASE("an object in the way is named, and a holder too") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    const auto foreign = world.make_config_map(red, "shared", {{"mine", "yes"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red, blue});
    auto status = await_ready(world, copiers.ref("one"), "SyncPartiallyFailed");
    CHECK(status["failed"] == Json::array({red}));
    copiers.make_named("two", {"shared"}, {blue});
    status = await_ready(world, copiers.ref("two"), "SyncPartiallyFailed");
    CHECK(condition_of(status, "Ready")["message"].get<std::string>().find("Copier " + world.sources() + "/one") !=
          std::string::npos);

    world.remove(foreign);
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    copiers.remove("one");
    await_ready(world, copiers.ref("two"), "SyncSuccessful");
    engine.settle();
}

TEST_CASE("three hundred targets are named one by one") {
    World world;
    Copiers copiers(world);
    const auto targets = world.make_targets(300);
    world.make_config_map(world.sources(), "many", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"many"}, targets);
    world.await("all are told", [&](const Objects&) -> std::string {
        const auto status = status_of(world, copiers.ref("one"));
        return status.value("synced", Json::array()).size() == 300 ? "" : status.dump();
    });
    engine.settle();
    const auto version = version_of(world.api.get(copiers.ref("one")));
    engine.restart();
    engine.settle();
    CHECK(version_of(world.api.get(copiers.ref("one"))) == version);
}

TEST_CASE("a thousand namespaces that are not there make a small message and few Events") {
    World world;
    Copiers copiers(world);
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    std::vector<std::string> absent;
    for (int number = 0; number < 1'000; ++number) absent.push_back(world.id() + "-absent-" + std::to_string(number));
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, absent);
    const auto status = await_ready(world, copiers.ref("one"), "SyncPartiallyFailed");
    CHECK(status["failed"].size() == 1'000);
    const auto message = condition_of(status, "Ready")["message"].get<std::string>();
    CHECK(message.starts_with("1000 of 1000 copies: "));
    CHECK(message.find("more") != std::string::npos);
    CHECK(message.size() < 4'096);
    engine.settle();
    const auto events = world.api.list("Event", world.sources());
    CHECK(std::ranges::count_if(
              events, [](const Json& event) { return event["involvedObject"].value("kind", "") == "Copier"; }) <= 26);
}

TEST_CASE("a kind without a status subresource is served all the same, and its objects are never written for it") {
    World world;
    Copiers copiers(world, "no-status.example.com", Copiers::Status::not_served);
    copiers.install();
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    engine.settle();
    const auto object = world.api.get(copiers.ref("one"));
    CHECK_FALSE(object.contains("status"));
    CHECK(object["metadata"]["generation"] == 1);
    copiers.make_named("two", {"shared"}, {red});
    engine.settle();
    CHECK(version_of(world.api.get(copiers.ref("one"))) == version_of(object));
    copiers.remove("one");
    copiers.remove("two");
    copiers.expect_gone("one");
    copiers.expect_gone("two");
}

TEST_CASE("a status function that errs says where, keeps the last fields, and copies go on") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    copiers.change("one", {{"breaks", {{"a", 1}}}});
    auto status =
        await_condition(world, copiers.ref("one"), "Stalled", {{"status", "True"}, {"reason", "StatusFailed"}});
    const auto message = condition_of(status, "Stalled")["message"].get<std::string>();
    CHECK(message.starts_with("policies/copier/policy.lua:"));
    CHECK(status["synced"] == Json::array({red}));
    world.change_data(source, {{"a", "2"}});
    world.expect_data(config_map(red, "shared"), {{"a", "2"}});
    CHECK(engine.metric("moontide_errors_total{policy=\"copier\",reason=\"StatusFailed\"}").value_or(0) >= 1);

    copiers.change("one", {{"breaks", nullptr}});
    world.await("it is told no more", [&](const Objects&) -> std::string {
        status = status_of(world, copiers.ref("one"));
        return condition_of(status, "Stalled").empty() ? "" : status.dump();
    });
    engine.settle();
}

TEST_CASE("a copy whose content cannot be made is a failure of that copy alone") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "good", {{"a", "1"}});
    auto bad = world.make_config_map(world.sources(), "bad", {{"boom", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told + R"(, data = function(on)
        if on.data.boom then return on.data.boom.more.still end return on.data end)")}});
    copiers.make_named("one", {"good", "bad"}, {red});
    const auto status = await_ready(world, copiers.ref("one"), "SyncPartiallyFailed");
    CHECK(status["observedGeneration"] == generation_of(world, copiers.ref("one")));
    const auto message = condition_of(status, "Ready")["message"].get<std::string>();
    CHECK(message.find("/bad: policies/copier/policy.lua:") != std::string::npos);
    world.expect_data(config_map(red, "good"), {{"a", "1"}});
    world.change(bad, {{"data", {{"boom", nullptr}, {"fine", "1"}}}});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    engine.settle();
}

TEST_CASE("conditions of other controllers stay, and a status that somebody emptied is made again with the next pass") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    engine.settle();
    const Json audited = {{"type", "Audited"},
                          {"status", "True"},
                          {"reason", "Yes"},
                          {"message", ""},
                          {"lastTransitionTime", "2020-01-01T00:00:00Z"}};
    const auto path = "/apis/" + copiers.group() + "/v1/namespaces/" + world.sources() + "/copiers/one/status";
    world.api.ask("PATCH", path, {{"status", {{"conditions", Json::array({audited})}, {"synced", nullptr}}}},
                  "application/merge-patch+json");
    copiers.change("one", {{"to", {red, blue}}});
    const auto status = await_ready(world, copiers.ref("one"), "SyncSuccessful");
    CHECK(condition_of(status, "Audited") == audited);
    CHECK(status["synced"] == Json({blue, red}));
}

TEST_CASE("a change that no copy shows is looked at for its source alone, and not for all that its owner asks for") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    engine.settle();
    const auto looks = [&](const std::string& kind) {
        return engine.metric("moontide_reconcile_seconds_count{kind=\"" + kind + "\",policy=\"copier\"}").value_or(0);
    };
    // Looks of the pass that are still to come, since an owner is told once a second.
    double before = 0;
    do {
        before = looks("settled");
        std::this_thread::sleep_for(Milliseconds(1'500));
    } while (looks("settled") != before);
    const auto units = looks("unit");
    world.api.merge(ref_of(source), {{"metadata", {{"labels", {{"unread", "1"}}}}}});
    world.await("the source is looked at",
                [&](const Objects&) { return looks("unit") > units ? std::string() : std::string("not yet"); });
    std::this_thread::sleep_for(Milliseconds(300));
    CHECK(looks("settled") == before);

    // One that a copy shows is told.
    world.change_data(source, {{"a", "2"}});
    world.expect_data(config_map(red, "shared"), {{"a", "2"}});
    world.await("the owner is looked at",
                [&](const Objects&) { return looks("settled") > before ? std::string() : std::string("not yet"); });
}

TEST_CASE("a copy that is as it should be again is no news to an owner whose status has no times") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto source = world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    world.make_config_map(world.sources(), "other", {{"a", "1"}});
    Engine engine(world,
                  {.policies = {copiers.policy("status = function(on) return { synced = on.report.synced } end")}});
    copiers.make_named("one", {"shared"}, {red});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    const auto looks = [&](const std::string& kind) {
        return engine.metric("moontide_reconcile_seconds_count{kind=\"" + kind + "\",policy=\"copier\"}").value_or(0);
    };
    // Looks that tell of the beginning may still be to come.
    bool is_quiet = false;
    for (int round = 2; round < 10 && !is_quiet; ++round) {
        const auto settled = looks("settled");
        const auto as_told = looks("as_told");
        world.change_data(source, {{"a", std::to_string(round)}});
        world.expect_data(config_map(red, "shared"), {{"a", std::to_string(round)}});
        world.await("what came of it is looked at", [&](const Objects&) {
            return looks("settled") + looks("as_told") > settled + as_told ? std::string() : std::string("not yet");
        });
        engine.settle();
        is_quiet = looks("settled") == settled;
    }
    CHECK(is_quiet);

    // What is news is told: a copy that cannot be, and one more.
    copiers.change("one", {{"names", {"shared", "other"}}, {"to", {red, world.id() + "-absent"}}});
    await_ready(world, copiers.ref("one"), "SyncPartiallyFailed");
    CHECK(status_of(world, copiers.ref("one"))["synced"] == Json::array({red}));
}

TEST_CASE("what was not told yet is told at the end") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    const auto blue = world.make_namespace("blue");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    await_ready(world, copiers.ref("one"), "SyncSuccessful");
    copiers.change("one", {{"to", {red, blue}}});
    world.expect_data(config_map(blue, "shared"), {{"a", "1"}});
    engine.stop();
    CHECK(status_of(world, copiers.ref("one"))["synced"] == Json({blue, red}));
}

TEST_CASE("an owner that cannot end says what holds it") {
    World world;
    Copiers copiers(world);
    const auto red = world.make_namespace("red");
    world.make_config_map(world.sources(), "shared", {{"a", "1"}});
    Engine engine(world, {.policies = {copiers.policy(told)}});
    copiers.make_named("one", {"shared"}, {red});
    world.expect_data(config_map(red, "shared"), {{"a", "1"}});
    const auto copy = config_map(red, "shared");
    world.api.merge(copy, {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    copiers.remove("one");
    const auto status = await_ready(world, copiers.ref("one"), "Deleting");
    CHECK(condition_of(status, "Ready")["message"].get<std::string>().find(red + "/shared") != std::string::npos);
    world.api.merge(copy, {{"metadata", {{"finalizers", nullptr}}}});
    copiers.expect_gone("one");
}

}  // namespace moontide::test
