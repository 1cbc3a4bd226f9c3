// From a policy's text to a Policy.
#pragma once

#include "base/result.hpp"
#include "kube/resource.hpp"
#include "policy/policy.hpp"

#include <string>
#include <vector>

namespace moontide::bindings {

struct PolicyText {
    std::string name;  ///< "annotation-sync": the folder's name
    std::string file;  ///< as messages name it
    std::string text;
    std::string settings_json;            ///< the configuration's settings, laid over the policy's; empty: none
    std::vector<kube::Kind> extra_kinds;  ///< the configuration's `kinds`: those that are written only where named
    bool builtin = false;
};

/// Runs the file once behind the fence and checks its table. Errors begin with file:line and suggest. Any thread.
Result<policy::PolicyPtr> load(const PolicyText& text);

/// Reads `path`; the name is its folder's where the file is a policy.lua, else its own without the extension.
Result<PolicyText> read_policy_file(const std::string& path);

/// Those of policies/ that the build embedded, by name.
std::vector<PolicyText> builtin_policies();

}  // namespace moontide::bindings
