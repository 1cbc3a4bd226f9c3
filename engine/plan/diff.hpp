// want and have -> what is to be done and why. Pure.
#pragma once

#include "plan/record.hpp"
#include "plan/step.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace moontide::plan {

/// Whose the copy at a target is, where there is one.
enum class Holder {
    self,     ///< the unit asked for, or nobody
    wants,    ///< another unit that still wants it
    lets_go,  ///< another unit that no longer wants it
};

/// What becomes of an object that is known by its marks alone and that nobody wants.
enum class Leftover {
    remove,  ///< its source is gone and its namespace is a target: the controller that we replace would delete it
    report,  ///< it may be somebody's clone
};

/// All is as it should be.
struct Keep {};

/// Nothing can be done until something changes that will be seen.
struct Wait {
    std::string_view why;
};

/// What is there is not ours to touch, or what is awaited is not there. No watch shows the end of it: look again later.
struct Refuse {
    std::string_view reason;  ///< CamelCase, for Events and metrics
    std::string message;
};

struct Do {
    Step step;
    std::string_view why;
};

using Decision = std::variant<Keep, Wait, Refuse, Do>;

/// For one target: `want` is null where no copy belongs there (any more).
Decision diff(const TargetKey& target, const Wish* want, const Standing& have, Holder holder, Leftover leftover);

}  // namespace moontide::plan
