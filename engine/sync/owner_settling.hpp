// The look at an owner after its units were worked on: what is left of one that ends, what to tell of one that asks.
#pragma once

#include "sync/board.hpp"
#include "sync/evaluation.hpp"

namespace moontide::sync {

/// One a worker thread.
class OwnerSettling {
public:
    OwnerSettling(Board& board, Evaluation& evaluation) : board_(board), evaluation_(evaluation) {}

    void look_at(const Unit& owner, RunningPolicy& running);

private:
    /// Some of its units are still to be looked at, or a step of them is under way.
    bool is_busy(const Unit& owner) const;
    void ending(const Unit& owner, const RunningPolicy& running);

    Board& board_;
    Evaluation& evaluation_;
};

}  // namespace moontide::sync
