// What the subcommands need of the policies' language; main.cpp fills it in, so that no subcommand knows Lua.
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace moontide::cli {

struct PolicyText {
    std::string name;
    std::string file;  ///< for messages
    std::string text;
    bool builtin = false;
};

struct CaseCount {
    int cases = 0;
    int failed = 0;
};

struct Bindings {
    /// Those that are embedded in the binary.
    std::vector<PolicyText> builtins;
    /// `settings` are laid over the policy's own; `kinds` are those of the config that are written only where named.
    std::function<Result<policy::PolicyPtr>(const PolicyText&, const nlohmann::json& settings,
                                            const std::vector<kube::Kind>& kinds)>
        load;
    /// Prints each case and the totals; an error where a path has no policy.
    std::function<Result<CaseCount>(const std::vector<std::string>& paths, std::ostream& out)> run_cases;
};

}  // namespace moontide::cli
