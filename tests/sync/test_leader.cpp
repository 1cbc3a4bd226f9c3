// Several replicas, of which one works: the Lease, and what follows from it.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

constexpr const char* STATUS = "leader_election_master_status{name=\"moontide\"}";

/// Quick enough for a test, slow enough for a busy machine.
Setup replica(const World& world, const std::string& identity) {
    return {.adjust = [where = world.sources(), identity](SyncOptions& options) {
        lead::ElectorOptions lead;
        lead.namespace_name = where;
        lead.identity = identity;
        lead.timing = {Milliseconds(3'000), Milliseconds(2'000), Milliseconds(200)};
        options.lead = lead;
    }};
}

kube::Ref lease_of(const World& world) {
    return {{"coordination.k8s.io/v1", "Lease"}, world.sources(), "moontide"};
}

std::string holder_of(World& world) {
    const auto lease = world.api.find(lease_of(world));
    return lease ? lease->value("/spec/holderIdentity"_json_pointer, std::string()) : "";
}

void await_leader(World& world, const std::string& identity, const Engine& engine) {
    world.await(identity + " leads", [&](const Objects&) -> std::string {
        if (engine.metric(STATUS) != 1) return "it does not say so";
        const auto holder = holder_of(world);
        return holder == identity ? "" : "the Lease is held by '" + holder + "'";
    });
}

}  // namespace

TEST_CASE("of two replicas one works, and the other takes over as soon as it stops") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine first(world, replica(world, "first"));
    await_leader(world, "first", first);
    world.expect_copy(red, source);
    Engine second(world, replica(world, "second"));
    world.await("the second stands by",
                [&](const Objects&) -> std::string { return second.metric(STATUS) == 0 ? "" : "it does not say so"; });
    CHECK(second.sync().ailments().empty());
    CHECK(second.sync().settled());

    SECTION("at once where the Lease was given up") {
        first.stop();
        CHECK(holder_of(world) != "first");
        await_leader(world, "second", second);
        source = world.change_data(source, {{"a", "2"}});
        world.expect_copy(red, source);
        CHECK(second.count(Deed::What::created, red) == 0);
        world.await("the Event of it", [&](const Objects& objects) -> std::string {
            for (const auto& [ref, object] : objects.all()) {
                if (object.value("reason", "") == "LeaderElection" &&
                    object.value("message", "") == "second became leader")
                    return "";
            }
            return "there is none";
        });
    }
    SECTION("when the Lease ends where it did not come to that") {
        first.crash();
        CHECK(holder_of(world) == "first");
        source = world.change_data(source, {{"a", "2"}});
        await_leader(world, "second", second);
        world.expect_copy(red, source);
    }
    SECTION("and the first may come back and stand by") {
        first.stop();
        await_leader(world, "second", second);
        first.start();
        source = world.change_data(source, {{"a", "2"}});
        world.expect_copy(red, source);
        first.settle();
        CHECK(first.metric(STATUS) == 0);
        second.stop();
        await_leader(world, "first", first);
        source = world.change_data(source, {{"a", "3"}});
        world.expect_copy(red, source);
    }
}

TEST_CASE("a leader whose Lease is taken from it writes no more, and works again when it gets it back") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world, replica(world, "first"));
    await_leader(world, "first", engine);
    world.expect_copy(red, source);
    engine.settle();

    world.api.merge(lease_of(world), {{"spec", {{"holderIdentity", "thief"}, {"leaseDurationSeconds", 2}}}});
    world.await("it steps down",
                [&](const Objects&) -> std::string { return engine.metric(STATUS) == 0 ? "" : "it does not say so"; });
    const auto copy = world.copy(red, source);
    source = world.change_data(source, {{"a", "2"}});
    CHECK(version_of(world.copy(red, source)) == version_of(copy));
    await_leader(world, "first", engine);
    world.expect_copy(red, source);
}

TEST_CASE("without an election no Lease is asked for") {
    World world;
    const auto red = world.make_target("red");
    const auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);
    CHECK_FALSE(world.api.find(lease_of(world)));
    CHECK_FALSE(engine.metric(STATUS));
}

}  // namespace moontide::test
