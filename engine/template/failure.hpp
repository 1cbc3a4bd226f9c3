// What is thrown within the room and becomes an Error at its edge (template.cpp).
#pragma once

#include <stdexcept>
#include <string>

namespace moontide::templates {

/// A function's own words, which the execution puts a place before: `error calling index: index out of range: 3`.
class CallFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The whole message, place and all. Ends the parsing or the execution.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The budget is used up; the execution puts the place before it.
class Exhausted : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace moontide::templates
