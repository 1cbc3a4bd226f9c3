// Carries a parsed template out, as text/template/exec.go does.
#pragma once

#include "template/budget.hpp"
#include "template/tree.hpp"
#include "template/value.hpp"

#include <string>
#include <string_view>

namespace moontide::templates {

enum class MissingKey { no_value, error };

/// What an execution reads; all of it outlives the execution.
struct Input {
    const std::string& name;
    std::string_view text;  ///< for lines and columns
    const Trees& trees;
    const Json& values;
    MissingKey missing_key;
};

/// What the template of that name prints. Throws Failure with Go's message:
/// `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: ...`.
std::string execute(const Input& input, Budget& budget);

}  // namespace moontide::templates
