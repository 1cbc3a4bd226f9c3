// What nothing speaks of any more is forgotten: units without a source and without copies, names that nobody holds.
#pragma once

#include "plan/identity.hpp"
#include "sync/board.hpp"
#include "sync/companions.hpp"
#include "sync/reach.hpp"

#include <cstddef>
#include <functional>

namespace moontide::sync {

/// Of the ingest thread, which is the one that learns of objects: what it has in hand is not forgotten meanwhile. What
/// others have in hand they have touched lately, and only what stayed untouched from one sweep to the next goes.
class Forgetting {
public:
    /// `listing`: whether a list of copies is on its way, whose records are not in place yet.
    Forgetting(Board& board, Reach& reach, Companions& companions, std::function<bool()> listing);

    /// Any thread: sweeps now and then from now on.
    void begin();
    void sweep();

private:
    void sweep_later();
    void sweep_units();
    void sweep_names();

    Board& board_;
    Reach& reach_;
    Companions& companions_;
    const std::function<bool()> listing_;
    std::size_t names_held_ = 0;  // at the last sweep
};

}  // namespace moontide::sync
