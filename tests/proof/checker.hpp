// The engine's promises, each checked on a recorded history.
#pragma once

#include "sandbox/history.hpp"
#include "terms.hpp"
#include "timeline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace moontide::proof {

/// A promise that was broken, with the lines that prove it.
struct Violation {
    std::string invariant;
    std::string what;
    std::vector<const Entry*> lines;
};

using Check = std::vector<Violation> (*)(const Timeline&, const Terms&);

struct Invariant {
    std::string_view name;
    std::string_view promise;
    Check check;
};

/// All that are checked, in the order of the design's list.
const std::vector<Invariant>& invariants();

// One file each.
std::vector<Violation> check_ownership(const Timeline&, const Terms&);
std::vector<Violation> check_preconditions(const Timeline&, const Terms&);
std::vector<Violation> check_scope(const Timeline&, const Terms&);
std::vector<Violation> check_absence(const Timeline&, const Terms&);
std::vector<Violation> check_content(const Timeline&, const Terms&);
std::vector<Violation> check_finalizer(const Timeline&, const Terms&);
std::vector<Violation> check_one_writer(const Timeline&, const Terms&);
std::vector<Violation> check_economy(const Timeline&, const Terms&);
std::vector<Violation> check_settling(const Timeline&, const Terms&);
std::vector<Violation> check_secrecy(const Timeline&, const Terms&);

/// Empty where every promise holds; else what was broken, the lines that prove it, and `replay`, the command that does
/// it again. `only` names one invariant; empty: all.
std::string check(const sandbox::History& history, const Terms& terms, const std::string& replay = {},
                  std::string_view only = {});

/// For a look at it: into the file that MOONTIDE_PROOF_HISTORY names, over what was there.
void keep_history(const sandbox::History& history);
/// The same of one that broke a promise: into that file with `name` behind a dot, unless it is there.
void keep_broken_history(const sandbox::History& history, const std::string& name);

}  // namespace moontide::proof
