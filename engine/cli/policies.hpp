// Which policies run: the built-in ones, those of --policies, less what the config turns off.
#pragma once

#include "base/result.hpp"
#include "cli/bindings.hpp"
#include "cli/config.hpp"

#include <string>
#include <vector>

namespace moontide::cli {

/// Policies by name, in the order of the names, and what is to be said of those that cannot be had.
struct PolicyTexts {
    std::vector<PolicyText> texts;
    std::vector<std::string> names;     ///< of all, those included whose file cannot be read
    std::vector<std::string> notes;     ///< one replaces another
    std::vector<std::string> problems;  ///< a file that cannot be read
};

/// From each folder `<name>.lua` and `<name>/policy.lua`, through links as a mounted ConfigMap has them; names that
/// begin with a dot are passed over. A policy of a built-in's name replaces it, that of a later folder an earlier one.
Result<PolicyTexts> gather_policies(const std::vector<PolicyText>& builtins, const std::vector<std::string>& folders);

/// Leaves the policies of these names, all where there are none; an error names the one that there is not. `names`
/// stays: a config may speak of the others.
Result<void> keep_only(const std::vector<std::string>& names, PolicyTexts& texts);

struct LoadedPolicies {
    std::vector<policy::PolicyPtr> policies;
    std::vector<std::string> disabled;  ///< names
    std::vector<std::string> problems;  ///< each names file:line; the others run
};

/// With the config's settings; what it disables is not loaded.
LoadedPolicies load_policies(const PolicyTexts& texts, const Config& config, const Bindings& bindings);

}  // namespace moontide::cli
