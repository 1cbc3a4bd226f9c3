// The ordinary story under each fault: what is asked for is there in the end, and no promise is broken on the way.
#include "stories.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::proof {

namespace {

using sandbox::Fault;

const std::vector<std::string> WRITES = {"create", "update", "patch", "delete"};
const std::vector<std::string> READS = {"get", "list", "watch"};

FaultRule rule(Fault fault, std::vector<std::string> verbs, double probability) {
    FaultRule rule;
    rule.fault = fault;
    rule.match.verbs = std::move(verbs);
    rule.match.clients = {"moontide"};
    rule.probability = probability;
    rule.duration = Milliseconds(100);
    return rule;
}

FaultPlan plan(std::vector<FaultRule> rules, std::uint64_t seed = 1) {
    for (auto& rule : rules) rule.match.resources = {"configmaps", "secrets", "namespaces"};
    return {seed, std::move(rules)};
}

void check_story(const std::string& name, const FaultPlan& faults) {
    const auto told = tell(
        ordinary_story(),
        {.faults = faults, .replay = fmt::format("test_proof \"[faults]\" -c \"{}\"", name), .restart_at_end = true});
    INFO(sandbox::to_json(faults).dump());
    CHECK(told.complaint == "");
}

}  // namespace

TEST_CASE("the ordinary story keeps every promise without faults", "[faults]") {
    const auto told = tell(ordinary_story(), {.restart_at_end = true});
    CHECK(told.complaint == "");
    CHECK(told.writes > 8);
}

TEST_CASE("the ordinary story keeps every promise while its writes go wrong", "[faults]") {
    for (const auto fault :
         {Fault::delay_before, Fault::delay_after, Fault::drop_before, Fault::drop_after, Fault::reset_before,
          Fault::reset_after, Fault::freeze_before, Fault::freeze_after, Fault::duplicate, Fault::truncate}) {
        const auto name = std::string(word(fault));
        DYNAMIC_SECTION(name) {
            check_story(name, plan({rule(fault, WRITES, 0.4)}));
        }
    }
}

TEST_CASE("the ordinary story keeps every promise while its writes are refused", "[faults]") {
    for (const int status : {401, 403, 404, 409, 410, 429, 500, 503, 504}) {
        for (const auto fault : {Fault::answer_before, Fault::answer_after}) {
            // What says that nothing was done is true.
            if (fault == Fault::answer_after && status < 500) continue;
            const auto name = fmt::format("{} {}", word(fault), status);
            DYNAMIC_SECTION(name) {
                auto refusing = rule(fault, WRITES, 0.4);
                refusing.status = status;
                check_story(name, plan({refusing}));
            }
        }
    }
    DYNAMIC_SECTION("429 with Retry-After") {
        auto refusing = rule(Fault::answer_before, WRITES, 0.3);
        refusing.status = 429;
        refusing.retry_after = "1";
        refusing.times = 2;
        check_story("429 with Retry-After", plan({refusing}));
    }
}

TEST_CASE("the ordinary story keeps every promise while its reads go wrong", "[faults]") {
    for (const auto fault : {Fault::delay_before, Fault::delay_after, Fault::drop_before, Fault::drop_after,
                             Fault::reset_before, Fault::reset_after, Fault::truncate, Fault::expire_continue}) {
        const auto name = std::string(word(fault)) + " reads";
        DYNAMIC_SECTION(name) {
            check_story(name, plan({rule(fault, READS, 0.4)}));
        }
    }
    for (const int status : {401, 403, 404, 410, 429, 500, 503}) {
        const auto name = fmt::format("reads answered {}", status);
        DYNAMIC_SECTION(name) {
            auto refusing = rule(Fault::answer_before, READS, 0.4);
            refusing.status = status;
            check_story(name, plan({refusing}));
        }
    }
}

TEST_CASE("the ordinary story keeps every promise while its watches go wrong", "[faults]") {
    for (const auto fault : {Fault::end_watch, Fault::cut_watch, Fault::error_event, Fault::lose_bookmark}) {
        for (const std::uint64_t event : {0, 1, 3}) {
            if (fault == Fault::lose_bookmark && event > 0) continue;
            const auto name = fmt::format("{} {}", word(fault), event);
            DYNAMIC_SECTION(name) {
                auto broken = rule(fault, {"watch"}, 0.6);
                broken.event = event;
                broken.status = 410;
                check_story(name, plan({broken}));
            }
        }
    }
    DYNAMIC_SECTION("freeze-watch") {
        auto frozen = rule(Fault::freeze_watch, {"watch"}, 1);
        frozen.event = 2;
        check_story("freeze-watch", plan({frozen}));
    }
}

TEST_CASE("the ordinary story keeps every promise while it sees an old state, or nothing", "[faults]") {
    for (const std::uint64_t behind : {0, 3, 10}) {
        const auto name = fmt::format("stale by {}", behind);
        DYNAMIC_SECTION(name) {
            auto stale = rule(Fault::stale, {"list", "watch"}, 0.5);
            stale.behind = behind;
            auto ending = rule(Fault::end_watch, {"watch"}, 0.5);
            ending.event = 2;
            check_story(name, plan({stale, ending}));
        }
    }
    DYNAMIC_SECTION("refuse") {
        auto refusing = rule(Fault::refuse, WRITES, 0.3);
        refusing.times = 3;
        check_story("refuse", plan({refusing}));
    }
    DYNAMIC_SECTION("mute") {
        auto mute = rule(Fault::mute, WRITES, 0.2);
        mute.times = 1;
        check_story("mute", plan({mute}));
    }
}

}  // namespace moontide::proof
