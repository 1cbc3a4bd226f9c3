#include "checker.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace moontide::proof {

namespace {

constexpr std::size_t most_told = 5;
constexpr std::size_t longest_line = 1'500;

std::string cut(std::string line) {
    if (line.size() <= longest_line) return line;
    return line.substr(0, longest_line) + fmt::format("... ({} bytes)", line.size());
}

}  // namespace

const std::vector<Invariant>& invariants() {
    static const std::vector<Invariant> all = {
        {"ownership", "what is changed or deleted carried our claim for its place, or the policy lets us take it",
         check_ownership},
        {"preconditions", "a write of what is there names the uid and the version that it judged", check_preconditions},
        {"scope", "copies are written where they are asked for, and nothing else is written", check_scope},
        {"absence", "a copy is deleted only if it was not asked for", check_absence},
        {"finalizer", "ours is on an owner before its first copy and until a live list shows none; others' stay",
         check_finalizer},
        {"content", "a copy is what some version of its source asks for, and never goes back", check_content},
        {"one-writer", "once a run of the engine has changed an object, an earlier one never does", check_one_writer},
        {"economy", "no write without a difference, none while nothing changes, no more than needed", check_economy},
        {"settling", "at rest there is what is asked for, and nothing else of ours", check_settling},
        {"secrecy", "no Secret's value in logs, Events, metrics or statuses", check_secrecy},
    };
    return all;
}

std::string check(const sandbox::History& history, const Terms& terms, const std::string& replay,
                  std::string_view only) {
    const Timeline timeline(history.entries(), terms);
    std::string told;
    for (const auto& invariant : invariants()) {
        if (!only.empty() && invariant.name != only) continue;
        const auto violations = invariant.check(timeline, terms);
        for (std::size_t index = 0; index < std::min(violations.size(), most_told); ++index) {
            const auto& violation = violations[index];
            told += fmt::format("broken: {} ({}): {}\n", violation.invariant, invariant.promise, violation.what);
            for (const auto* line : violation.lines) {
                if (line) told += "  " + cut(sandbox::line_of(*line)) + "\n";
            }
        }
        if (violations.size() > most_told) {
            told += fmt::format("broken: {}: {} more\n", invariant.name, violations.size() - most_told);
        }
    }
    if (!told.empty() && !replay.empty()) told += "again with: " + replay + "\n";
    return told;
}

void keep_history(const sandbox::History& history) {
    const char* file = std::getenv("MOONTIDE_PROOF_HISTORY");
    if (file != nullptr && *file != '\0') std::ofstream(file) << history.lines();
}

void keep_broken_history(const sandbox::History& history, const std::string& name) {
    const char* file = std::getenv("MOONTIDE_PROOF_HISTORY");
    if (file == nullptr || *file == '\0') return;
    const auto place = std::string(file) + "." + name;
    if (!std::filesystem::exists(place)) std::ofstream(place) << history.lines();
}

}  // namespace moontide::proof
