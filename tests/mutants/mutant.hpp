// Which planted bug is awake; part of mutated trees alone.
#pragma once

#include <cstdlib>

namespace moontide {

inline bool mutated(int number) {
    static const char* const chosen = std::getenv("MOONTIDE_MUTANT");
    static const int awake = chosen == nullptr ? 0 : std::atoi(chosen);
    return awake == number;
}

}  // namespace moontide
