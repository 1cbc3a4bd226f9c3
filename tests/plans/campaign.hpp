// Many plans one after another, with their sums, the memory held and a failing plan made small.
#pragma once

#include "play.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace moontide::plans {

struct Campaign {
    std::uint64_t first_seed = 1;
    /// Scenes in turn, one a seed.
    std::vector<Policy> scenes = {Policy::annotation_sync, Policy::configmap_syncer, Policy::config_mirror,
                                  Policy::pod_configmap};
    std::size_t plans = 200;           ///< 0: until the time is up
    std::chrono::seconds at_most{0};   ///< 0: until the plans are over
    std::size_t measure_every = 500;   ///< plans
    std::size_t most_failures = 3;     ///< ends after so many
    std::size_t most_shrinking = 150;  ///< plays for making one failing plan small
};

struct Failure {
    Plan plan;  ///< made small
    std::string complaint;
};

struct Sample {
    std::size_t plans = 0;
    std::size_t bytes = 0;
};

struct Report {
    std::uint64_t first_seed = 0;
    Sums sums;
    std::chrono::milliseconds took{0};
    std::map<std::string, std::size_t> violations;  ///< by what was broken
    std::vector<Failure> failures;
    std::vector<Sample> memory;  ///< resident, at the begin, now and then, and at the end

    /// Bytes a plan, by least squares over the samples after the first quarter; 0 with fewer than four of them.
    double memory_slope() const;
    /// What is resident grows without an end in sight: more than 4 KiB a plan, and by more than 32 MiB.
    bool memory_grows() const;
    bool good() const { return failures.empty() && !memory_grows(); }
    Json json() const;
    std::string table() const;
};

/// `progress` is told after each plan.
Report run(const Campaign& campaign, const std::function<void(const Report&)>& progress = {});

/// The plan as data, what it broke, and the commands that replay it.
std::string text(const Failure& failure);

}  // namespace moontide::plans
