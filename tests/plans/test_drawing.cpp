// Plans as data: drawn, written down, read back, made small, and their sums.
#include "campaign.hpp"
#include "draw.hpp"
#include "shrink.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

namespace moontide::plans {

namespace {

bool has(const Plan& plan, What what) {
    return std::ranges::any_of(plan.actions, [&](const Action& action) { return action.what == what; });
}

Report measured(std::size_t plans, std::size_t base, std::size_t bytes_a_plan) {
    Report report;
    report.sums.plans = plans;
    for (std::size_t at = 0; at <= plans; at += 500) report.memory.push_back({at, base + at * bytes_a_plan});
    return report;
}

}  // namespace

TEST_CASE("a seed gives the same plan on any machine", "[drawing]") {
    CHECK(text(draw(1)) == text(draw(1)));
    CHECK(text(draw(1)) != text(draw(2)));
}

TEST_CASE("plans have ten to thirty actions, all kinds of them, and four of five have faults", "[drawing]") {
    std::set<What> kinds;
    std::set<std::string> faults;
    std::size_t troubled = 0;
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        const auto plan = draw(seed);
        CHECK(plan.actions.size() >= 10);
        CHECK(plan.actions.size() <= 30);
        for (const auto& action : plan.actions) kinds.insert(action.what);
        for (const auto& rule : plan.faults.rules) faults.insert(std::string(sandbox::word(rule.fault)));
        if (!plan.faults.rules.empty()) ++troubled;
    }
    CHECK(kinds.size() == 25);
    CHECK(faults.size() == 20);
    CHECK(troubled > 750);
    CHECK(troubled < 850);
}

TEST_CASE("plans of owners have owners, sources and copies in trouble", "[drawing]") {
    for (const auto policy : {Policy::configmap_syncer, Policy::config_mirror, Policy::pod_configmap}) {
        std::set<What> kinds;
        for (std::uint64_t seed = 1; seed <= 300; ++seed) {
            const auto plan = draw(policy, seed);
            CHECK(plan.policy == policy);
            for (const auto& action : plan.actions) kinds.insert(action.what);
            const auto back = parse_plan(text(plan));
            REQUIRE(back);
            CHECK(text(*back) == text(plan));
            CHECK(text(*draw_named(name_of_draw(plan))) == text(plan));
        }
        CHECK(kinds.size() == (policy == Policy::config_mirror ? 29 : 26));
    }
}

TEST_CASE("a plan is named by its scene and its seed", "[drawing]") {
    CHECK(text(*draw_named("17")) == text(draw(17)));
    CHECK(name_of_draw(draw(17)) == "17");
    CHECK_FALSE(draw_named("plan.json"));
    CHECK_FALSE(draw_named("nothing/17"));
    CHECK_FALSE(draw_named("kept/plan.json"));
}

TEST_CASE("a plan is read back as it was written", "[drawing]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const auto plan = draw(seed);
        const auto back = parse_plan(text(plan));
        REQUIRE(back);
        CHECK(text(*back) == text(plan));
        CHECK(back->actions == plan.actions);
    }
    CHECK_FALSE(parse_plan("{"));
    CHECK_FALSE(parse_plan(R"({"actions": [{"do": "dance"}]})"));
}

TEST_CASE("a failing plan shrinks to what makes it fail", "[drawing]") {
    const auto fails = [](const Plan& plan) { return has(plan, What::copy_edit) && has(plan, What::source_edit); };
    std::size_t failing = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const auto plan = draw(seed);
        if (!fails(plan)) continue;
        ++failing;
        const auto small = shrink(plan, fails, 1'000);
        CHECK(small.actions.size() == 2);
        CHECK(small.faults.rules.empty());
        CHECK_FALSE(small.quiet_restart);
        CHECK(fails(small));
    }
    CHECK(failing > 10);
}

TEST_CASE("shrinking asks no more often than it may", "[drawing]") {
    std::size_t asked = 0;
    const auto never = [&](const Plan&) {
        ++asked;
        return false;
    };
    const auto same = shrink(draw(1), never, 3);
    CHECK(asked == 3);
    CHECK(same.actions == draw(1).actions);
}

TEST_CASE("memory that grows with each plan is told from memory that is merely held", "[drawing]") {
    CHECK(measured(10'000, 50 << 20, 8'192).memory_grows());
    CHECK_FALSE(measured(10'000, 50 << 20, 0).memory_grows());
    CHECK_FALSE(measured(10'000, 50 << 20, 1'024).memory_grows());
    auto warm = measured(10'000, 150 << 20, 0);
    warm.memory.front().bytes = 20 << 20;
    CHECK_FALSE(warm.memory_grows());
}

}  // namespace moontide::plans
