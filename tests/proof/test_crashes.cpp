// The engine is killed at each of its writes, at each point that a write has; the next one ends what it began.
#include "environment.hpp"
#include "stories.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::proof {

TEST_CASE("killed at any write, at any point, the engine ends with what is asked for and touches nothing foreign",
          "[crashes]") {
    // Where time is short, one in so many; the number of points and it should have no factor in common.
    const auto one_in = test::number_from("MOONTIDE_PROOF_CRASHES_ONE_IN", 1);
    std::uint64_t crashes = 0;
    auto stories = writing_stories();
    for (auto& story : owned_writing_stories()) stories.push_back(std::move(story));
    for (const auto& story : stories) {
        DYNAMIC_SECTION(story.name) {
            const auto replay = fmt::format("test_proof \"[crashes]\" -c \"{}\"", story.name);
            const auto clean = tell(story, {.replay = replay});
            REQUIRE(clean.complaint == "");
            REQUIRE(clean.writes > 0);
            for (std::uint64_t write = 1; write <= clean.writes; ++write) {
                for (const auto point : {Point::before, Point::late, Point::lost, Point::answered}) {
                    if (++crashes % one_in != 0) continue;
                    const auto crashed =
                        tell(story, {.crash = Crash{write, point}, .most_writes = clean.writes + 1, .replay = replay});
                    INFO("killed at write " << write << ", " << word(point));
                    CHECK(crashed.complaint == "");
                }
            }
        }
    }
}

}  // namespace moontide::proof
