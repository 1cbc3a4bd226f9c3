// Random plans: whatever users do and whatever goes wrong, in the end there is what was asked for, and no promise is
// broken on the way.
#include "campaign.hpp"
#include "draw.hpp"
#include "environment.hpp"
#include "source_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace moontide::plans {

using test::number_from;

namespace {

std::string variable(const char* name, const std::string& otherwise = {}) {
    const char* value = std::getenv(name);
    return value && *value ? value : otherwise;
}

void judge(const Report& report) {
    for (const auto& failure : report.failures) FAIL_CHECK(text(failure));
    CHECK_FALSE(report.memory_grows());
}

}  // namespace

TEST_CASE("random plans end with what was asked for and break no promise", "[random]") {
    const auto plans = number_from("MOONTIDE_PLANS", 200);
    const auto report = run({.first_seed = 1, .plans = plans, .measure_every = 50});
    judge(report);
    CHECK(report.sums.writes > plans);
    WARN(report.table());
}

TEST_CASE("plans that once broke a promise are played again and again", "[kept]") {
    for (const auto& entry : std::filesystem::directory_iterator(test::source_directory() + "/tests/plans/kept")) {
        std::ifstream file(entry.path());
        const auto plan = parse_plan(std::string(std::istreambuf_iterator<char>(file), {}));
        REQUIRE(plan);
        INFO(entry.path().string());
        for (int time = 0; time < 5; ++time) {
            REQUIRE(play(*plan, "MOONTIDE_PLAN=" + entry.path().string() + " test_plans \"[replay]\"").complaint == "");
        }
    }
}

TEST_CASE("soak: as many random plans as are asked for", "[.soak]") {
    Campaign campaign;
    campaign.first_seed = number_from("MOONTIDE_SOAK_SEED", 1);
    if (const auto scene = policy_named(variable("MOONTIDE_SOAK_SCENE"))) campaign.scenes = {*scene};
    campaign.at_most =
        std::chrono::seconds(static_cast<std::int64_t>(std::stod(variable("MOONTIDE_SOAK_HOURS", "0")) * 3600));
    campaign.plans = number_from("MOONTIDE_SOAK_PLANS", campaign.at_most.count() > 0 ? 0 : 10'000);
    const bool is_seen = ::isatty(STDERR_FILENO) == 1;
    std::size_t told = 0;
    const auto report = run(campaign, [&](const Report& now) {
        for (; told < now.failures.size(); ++told) std::cerr << '\n' << text(now.failures[told]) << '\n';
        if (!is_seen && now.sums.plans % 100 != 0) return;
        std::cerr << fmt::format("{}{} plans in {} s, {} writes, {} restarts, {} broken, {} MiB{}", is_seen ? "\r" : "",
                                 now.sums.plans, now.took.count() / 1000, now.sums.writes, now.sums.restarts,
                                 now.failures.size(), now.memory.back().bytes >> 20U, is_seen ? " " : "\n");
    });
    std::cerr << '\n';
    std::cout << report.table();
    std::ofstream(variable("MOONTIDE_SOAK_REPORT", "soak.json")) << report.json().dump(2) << '\n';
    judge(report);
}

TEST_CASE("a plan from a file, or of a seed, is played again", "[.replay]") {
    const auto which = variable("MOONTIDE_PLAN");
    REQUIRE_FALSE(which.empty());
    Plan plan;
    if (auto drawn = draw_named(which)) {
        plan = std::move(*drawn);
    } else {
        std::ifstream file(which);
        REQUIRE(file);
        auto parsed = parse_plan(std::string(std::istreambuf_iterator<char>(file), {}));
        REQUIRE(parsed);
        plan = std::move(*parsed);
    }
    INFO(text(plan));
    // What depends on the order of threads may need more than one try.
    const auto times = number_from("MOONTIDE_PLAN_TIMES", 1);
    for (std::uint64_t time = 1; time <= times; ++time) {
        INFO("time " << time);
        REQUIRE(play(plan, "MOONTIDE_PLAN=" + which + " test_plans \"[replay]\"").complaint == "");
    }
}

}  // namespace moontide::plans
