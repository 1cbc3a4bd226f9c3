// Tells an owner how it is: once a pass of it has settled, and while one takes long.
#pragma once

#include "status/conditions.hpp"
#include "sync/board.hpp"
#include "sync/evaluation.hpp"
#include "sync/report.hpp"

namespace moontide::sync {

/// One a worker thread.
class OwnerStatus {
public:
    OwnerStatus(Board& board, Report& report, Evaluation& evaluation)
        : board_(board), report_(report), evaluation_(evaluation) {}

    /// `in_turn`: no more often than an owner is to be told; else it is told again when that is so. `now`: at the end,
    /// of a settled pass.
    enum class When { in_turn, now };
    /// `busy`: some of its units are still to be looked at, or a step of them is under way.
    void tell(const Unit& owner, const RunningPolicy& running, bool busy, When when);

private:
    /// What the policy's function makes of the report, whose times after a restart come from the status that stands.
    status::Said ask(const Unit& owner, const RunningPolicy& running, const kube::ObjectPtr& object,
                     const nlohmann::json& standing, policy::Report& report);
    void remember(const Unit& owner, const policy::Report& report);

    Board& board_;
    Report& report_;
    Evaluation& evaluation_;
};

}  // namespace moontide::sync
