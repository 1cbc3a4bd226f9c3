// Takes from a Budget as an execution works. One execution, one thread.
#pragma once

#include "template/budget.hpp"
#include "template/value.hpp"

#include <string>

namespace moontide::templates {

/// Each call throws Exhausted where nothing is left.
class Meter {
public:
    explicit Meter(Budget& budget) : budget_(budget) {}

    void step(std::size_t count = 1);
    /// For `bytes` that a function reads or makes.
    void bytes(std::size_t count) { step(count / 32); }
    /// For a part that is looked for in a text. Where both repeat themselves, each place is compared far in.
    void search(std::size_t text, std::size_t part) { step(text / 32 + text * part / 4096); }
    /// No text that is made is longer.
    std::size_t longest() const { return budget_.output; }
    void check_length(std::size_t size) const;
    std::size_t deepest() const { return budget_.depth; }

    Value text(std::string made);
    /// A copy, paid for; deeper than deepest_value is refused.
    Json copy(const Value& value);

private:
    void weigh(const Json& json, std::size_t depth);

    Budget& budget_;
};

}  // namespace moontide::templates
