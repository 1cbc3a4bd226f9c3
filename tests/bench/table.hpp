// Figures as people read them, and as programs do.
#pragma once

#include "course.hpp"

#include <string>

namespace moontide::bench {

/// One scene at a tenth and at its whole.
struct Pair {
    Figures tenth;
    Figures whole;
};

std::string text_of(const Pair& pair);
/// What one change costs in instructions.
std::string counts_text_of(const Pair& pair);
Json json_of(const Figures& figures);

}  // namespace moontide::bench
