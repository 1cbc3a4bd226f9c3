// The stories that are told under faults and crashes.
#pragma once

#include "story.hpp"

#include <vector>

namespace moontide::proof {

/// Sources, copies, updates, hands on copies, opting out and deletions in one.
Story ordinary_story();
/// Short ones, each about one way to write.
std::vector<Story> writing_stories();
/// The ordinary life of an owner of each policy that has such.
std::vector<Story> owned_stories();
/// Those, and short ones.
std::vector<Story> owned_writing_stories();

}  // namespace moontide::proof
