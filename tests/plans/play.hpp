// Plays a plan on the server under test, with the engine in this process, and judges what came of it.
#pragma once

#include "base/clock.hpp"
#include "plan.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace moontide::plans {

/// What a play was made of, for reports.
struct Sums {
    std::size_t plans = 0;
    std::size_t actions = 0;
    std::size_t restarts = 0;  ///< starts of the engine beyond each plan's first
    std::size_t requests = 0;  ///< the engine's
    std::size_t writes = 0;    ///< the engine's, of copies
    std::map<std::string, std::size_t> faults = {};

    void add(const Sums& other);
};

struct Outcome {
    Sums sums;
    std::string complaint;  ///< empty where all is well
};

struct Patience {
    Milliseconds rest{20'000};  ///< what must come true
    Milliseconds troubled{60};  ///< a rest under faults
};

/// Faults last until the actions are over; then all must be as the model says, and the checker content with the
/// history. `replay` is the command that does it again.
Outcome play(const Plan& plan, const std::string& replay, const Patience& patience = {});

}  // namespace moontide::plans
