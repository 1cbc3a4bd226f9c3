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

TEST_CASE("the ordinary story keeps every promise while everything goes wrong by chance", "[faults]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const auto name = fmt::format("seed {}", seed);
        DYNAMIC_SECTION(name) {
            std::vector<FaultRule> rules;
            for (const auto fault : {Fault::drop_before, Fault::drop_after, Fault::reset_after, Fault::delay_after,
                                     Fault::duplicate, Fault::truncate, Fault::freeze_after, Fault::answer_before}) {
                rules.push_back(rule(fault, WRITES, 0.06));
            }
            for (const auto fault : {Fault::end_watch, Fault::cut_watch, Fault::error_event, Fault::stale}) {
                auto broken = rule(fault, {"watch"}, 0.2);
                broken.event = seed % 4;
                broken.status = 410;
                rules.push_back(broken);
            }
            for (const int status : {403, 404, 429, 500, 503}) {
                auto refusing = rule(Fault::answer_before, {"get", "list", "watch", "create", "update"}, 0.05);
                refusing.status = status;
                rules.push_back(refusing);
            }
            check_story(name, plan(std::move(rules), seed));
        }
    }
}

TEST_CASE("a path that is not found says nothing of the object that it names", "[faults]") {
    // The engine starts anew, lists its sources from a view in which there were none yet, and asks for each: what it
    // is told then is that the path is not known, as of a kind whose definition has gone. The second source is told
    // of by the watch alone, so that it has begun when the engine goes down.
    const Story story{.name = "a restart",
                      .before =
                          [](Scene& scene) {
                              scene.target("red");
                              scene.source("a", {{"k", "1"}});
                          },
                      .acts = {{[](Scene& scene) { scene.source("b", {{"k", "1"}}); }},
                               {[](Scene&) {}, Act::Engine::is_down},
                               {[](Scene& scene) { scene.await_fault("answer-before", 404); }}}};
    FaultPlan faults;
    const auto of_sources = [&](Fault fault, const char* verb, std::uint64_t nth) -> FaultRule& {
        auto& added = faults.rules.emplace_back(rule(fault, {verb}, 1));
        added.match.resources = {"configmaps"};
        added.match.namespaces = {"*-sources"};
        added.nth = nth;
        return added;
    };
    // Lists that a watch begins with are refused, so that pages are read: at the first start and at the second.
    of_sources(Fault::answer_before, "watch", 1).status = 400;
    of_sources(Fault::answer_before, "watch", 3).status = 400;
    auto& stale = of_sources(Fault::stale, "list", 2);
    stale.behind = 1'000;  // more than the story has, less than the server remembers
    stale.duration = Milliseconds(5'000);
    of_sources(Fault::answer_before, "get", 0).status = 404;
    const auto told = tell(story, {.faults = faults});
    CHECK(told.complaint == "");
}

}  // namespace moontide::proof
