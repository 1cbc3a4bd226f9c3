// `moontide run` is killed by SIGKILL at writes that a seed draws.
#include "environment.hpp"
#include "stories.hpp"

#include <iostream>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::proof {

using test::number_from;

TEST_CASE("a process that is killed at any write is followed by one that ends what it began", "[kills]") {
    const auto seed = number_from("MOONTIDE_PROOF_SEED", std::random_device{}());
    const auto kills = number_from("MOONTIDE_PROOF_KILLS", 50);
    const auto replay =
        fmt::format("MOONTIDE_PROOF_SEED={} MOONTIDE_PROOF_KILLS={} test_proof \"[kills]\"", seed, kills);
    std::cerr << "again with: " << replay << "\n";
    std::mt19937_64 random(seed);

    auto stories = writing_stories();
    for (auto& story : owned_writing_stories()) stories.push_back(std::move(story));
    std::vector<std::size_t> writes(stories.size(), 0);
    for (std::uint64_t kill = 0; kill < kills; ++kill) {
        const auto which = random() % stories.size();
        const auto& story = stories[which];
        INFO(story.name);
        if (writes[which] == 0) {
            const auto clean = tell(story, {.replay = replay, .runs = Trial::Runs::as_process});
            REQUIRE(clean.complaint == "");
            REQUIRE(clean.writes > 0);
            writes[which] = clean.writes;
        }
        const Crash crash{1 + random() % writes[which], static_cast<Point>(random() % 4)};
        INFO("killed at write " << crash.write << ", " << word(crash.point));
        const auto told =
            tell(story,
                 {.crash = crash, .most_writes = writes[which] + 1, .replay = replay, .runs = Trial::Runs::as_process});
        REQUIRE(told.complaint == "");
    }
}

}  // namespace moontide::proof
