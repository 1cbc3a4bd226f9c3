// Runs the cases beside policies: what `moontide test` does. Any Policy will do; Lua comes in with the loader.
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"

#include <filesystem>
#include <functional>
#include <ostream>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

/// Reads the policy of a file, with settings laid over its own. Called once for each case.
using PolicyLoader =
    std::function<Result<policy::PolicyPtr>(const std::filesystem::path& file, const nlohmann::json& settings)>;

struct CaseTotals {
    int cases = 0;
    int failed = 0;  ///< among them; a file that cannot be read and a policy without a case count as one
};

/// Each path is a folder (every policy.lua below it, with the cases beside it), a policy's file, or a file of cases
/// (`cases/x.yaml`, whose policy is `policy.lua` beside `cases`). Prints each case and a line with the totals.
/// An error: a path that does not exist or has no policy.
Result<CaseTotals> run_cases(const std::vector<std::filesystem::path>& paths, const PolicyLoader& load,
                             std::ostream& out);

}  // namespace moontide::bindings
