// The look at an owner after its units were worked on: what is left of one that ends, what to tell of one that asks.
#pragma once

#include "sync/board.hpp"
#include "sync/evaluation.hpp"
#include "sync/owner_status.hpp"

namespace moontide::sync {

/// One a worker thread.
class OwnerSettling {
public:
    OwnerSettling(Board& board, Report& report, Evaluation& evaluation)
        : board_(board), report_(report), evaluation_(evaluation), status_(board, report, evaluation) {}

    /// Whether nothing but some of its units is in question, and each of these is again as the owner was told and its
    /// status says, or under way to that for no long time. Else look_at() is called next.
    bool is_as_told(const Unit& owner, const RunningPolicy& running);
    void look_at(const Unit& owner, const RunningPolicy& running);
    /// The last word of an engine that ends.
    void tell_at_end(const Unit& owner, const RunningPolicy& running) {
        status_.tell(owner, running, is_busy(owner), OwnerStatus::When::now);
    }

private:
    /// Some of its units are still to be looked at, or a step of them is under way.
    bool is_busy(const Unit& owner) const;
    void ending(const Unit& owner, const RunningPolicy& running);
    /// The Secret that leads to the database with the owner's rows; an error: that cannot be told.
    Result<std::optional<kube::Ref>> database_of(const RunningPolicy& running, const kube::ObjectPtr& owner);
    void keep_rows(const Unit& owner, const RunningPolicy& running);

    Board& board_;
    Report& report_;
    Evaluation& evaluation_;
    OwnerStatus status_;
};

}  // namespace moontide::sync
