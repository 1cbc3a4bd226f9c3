// The stories of owners under faults: each fault for one of them in turn, and all by chance for each.
#include "stories.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::proof {

namespace {

using sandbox::Fault;
using Verbs = std::vector<std::string>;

const Verbs OWNED_WRITES = {"create", "update", "patch", "delete"};
const Verbs OWNED_READS = {"get", "list", "watch"};

FaultRule broken_by(Fault fault, const Verbs& verbs, double probability, int status = 410) {
    FaultRule rule;
    rule.fault = fault;
    rule.match.clients = {"moontide"};
    rule.match.verbs = verbs;
    rule.probability = probability;
    rule.duration = Milliseconds(100);
    rule.status = status;
    return rule;
}

/// Of all that the engine asks for but its Lease and Events.
FaultPlan owned_plan(std::vector<FaultRule> rules, std::uint64_t seed) {
    for (auto& rule : rules) {
        rule.match.resources = {
            "configmaps",          "secrets",       "namespaces",          "pods",
            "configmapsyncers",    "configmirrors", "podconfigmapconfigs", "configmapsyncers/status",
            "configmirrors/status"};
    }
    return {seed, std::move(rules)};
}

struct Case {
    std::string name;
    FaultRule rule;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto fault : {Fault::delay_after, Fault::drop_before, Fault::drop_after, Fault::reset_before,
                             Fault::reset_after, Fault::freeze_before, Fault::freeze_after, Fault::duplicate}) {
        all.push_back({fmt::format("writes, {}", word(fault)), broken_by(fault, OWNED_WRITES, 0.4)});
    }
    for (const int status : {403, 404, 409, 429, 500, 503}) {
        all.push_back(
            {fmt::format("writes answered {}", status), broken_by(Fault::answer_before, OWNED_WRITES, 0.4, status)});
    }
    all.push_back({"writes done and answered 500", broken_by(Fault::answer_after, OWNED_WRITES, 0.4, 500)});
    for (const auto fault : {Fault::drop_after, Fault::reset_before, Fault::truncate}) {
        all.push_back({fmt::format("reads, {}", word(fault)), broken_by(fault, OWNED_READS, 0.4)});
    }
    for (const int status : {401, 403, 404, 410, 500}) {
        all.push_back(
            {fmt::format("reads answered {}", status), broken_by(Fault::answer_before, OWNED_READS, 0.4, status)});
    }
    for (const auto fault : {Fault::end_watch, Fault::cut_watch, Fault::error_event}) {
        auto rule = broken_by(fault, {"watch"}, 0.6);
        rule.event = 1;
        all.push_back({fmt::format("watches, {}", word(fault)), rule});
    }
    auto stale = broken_by(Fault::stale, {"list", "watch"}, 0.5);
    stale.behind = 5;
    all.push_back({"old views", stale});
    return all;
}

void check_owned(const Story& story, const std::string& name, const FaultPlan& faults) {
    const auto told = tell(
        story,
        {.faults = faults, .replay = fmt::format("test_proof \"[faults]\" -c \"{}\"", name), .restart_at_end = true});
    INFO(story.name);
    INFO(sandbox::to_json(faults).dump());
    CHECK(told.complaint == "");
}

}  // namespace

TEST_CASE("owners' stories keep every promise without faults", "[faults]") {
    for (const auto& story : owned_stories()) {
        INFO(story.name);
        CHECK(tell(story, {.restart_at_end = true}).complaint == "");
    }
}

TEST_CASE("owners' stories keep every promise under each fault", "[faults]") {
    const auto stories = owned_stories();
    std::size_t turn = 0;
    for (const auto& each : cases()) {
        const auto& story = stories[turn++ % stories.size()];
        DYNAMIC_SECTION(each.name) {
            check_owned(story, each.name, owned_plan({each.rule}, 1));
        }
    }
}

TEST_CASE("owners' stories keep every promise while everything goes wrong by chance", "[faults]") {
    for (const auto& story : owned_stories()) {
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            const auto name = fmt::format("{}, seed {}", story.name, seed);
            DYNAMIC_SECTION(name) {
                std::vector<FaultRule> rules;
                for (const auto fault : {Fault::drop_before, Fault::drop_after, Fault::reset_after, Fault::delay_after,
                                         Fault::duplicate, Fault::freeze_after}) {
                    rules.push_back(broken_by(fault, OWNED_WRITES, 0.06));
                }
                for (const auto fault : {Fault::end_watch, Fault::cut_watch, Fault::error_event, Fault::stale}) {
                    rules.push_back(broken_by(fault, {"watch"}, 0.2));
                    rules.back().event = seed % 4;
                }
                for (const int status : {403, 404, 429, 500}) {
                    rules.push_back(broken_by(Fault::answer_before,
                                              {"get", "list", "watch", "create", "update", "patch"}, 0.05, status));
                }
                check_owned(story, name, owned_plan(std::move(rules), seed));
            }
        }
    }
}

}  // namespace moontide::proof
