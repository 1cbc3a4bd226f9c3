// The hourly check that nothing was missed: what it finds is a bug, counted, told and repaired.
#pragma once

#include "base/guarded.hpp"
#include "base/loop.hpp"
#include "plan/identity.hpp"

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace moontide::sync {

struct Board;

/// The spot of a key that asks for an audit of the unit. As a spot it covers no other key of the unit, and a queued
/// look at the whole unit, which does more, covers it.
inline constexpr plan::NameId audit_spot = std::numeric_limits<plan::NameId>::max();

/// A target that is not as the caches say it should be, though nothing is on its way.
struct Difference {
    plan::TargetKey target;
    std::string what;  ///< step, content and version: the same where nothing has moved
    std::string why;
};

/// Asks for the audits and judges what they find. One difference alone may be a change on its way through the rooms;
/// one that is still there a while later is none.
class Audit {
public:
    Audit(Board& board, Loop& io) : board_(board), io_(io) {}

    /// Io thread.
    void begin();
    /// Any thread: what one audit of the unit found.
    void found(plan::UnitId unit, std::vector<Difference> differences);

private:
    void round();

    Board& board_;
    Loop& io_;
    Guarded<std::map<plan::UnitId, std::map<plan::TargetKey, std::string>>> suspects_;
};

}  // namespace moontide::sync
