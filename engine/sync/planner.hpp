// Looks at one key: evaluates what is wanted, compares it with what is there, and orders the steps.
#pragma once

#include "sync/audit.hpp"
#include "sync/board.hpp"
#include "sync/companions.hpp"
#include "sync/decisions.hpp"
#include "sync/evaluation.hpp"
#include "sync/owner_settling.hpp"
#include "sync/owners.hpp"
#include "sync/reach.hpp"
#include "sync/report.hpp"

#include <functional>
#include <vector>

namespace moontide::sync {

/// One a worker thread.
class Planner {
public:
    /// `prove` is asked to find out by a GET whether the source of a unit is really gone.
    Planner(Board& board, Reach& reach, Report& report, Companions& companions, std::function<void(plan::UnitId)> prove,
            std::uint64_t seed);

    /// The steps of what is looked at first go first.
    void look_at(const queue::Key& key, queue::Urgency urgency = queue::Urgency::change);
    /// Evaluates the unit and compares, with no request and no step.
    std::vector<Difference> audit(plan::UnitId unit);

private:
    void look_at_owner(const Unit& owner, RunningPolicy& running, const queue::Key& key);
    /// What the gate holds of this unit's copies and need not hold any more.
    void let_go(const Unit& unit, RunningPolicy& running, const queue::Key& key, const Evaluated& evaluated);
    void take_down(const Unit& unit, const RunningPolicy& running, const queue::Key& key);
    /// The membership of a source in the groups of its policy, after a change of it.
    void regroup(const Unit& unit, const RunningPolicy& running);
    /// An owner that went while its unit was looked at is looked at after that.
    void look_for_owner(const Unit& unit);
    /// Of what the unit is, as its objects say it now.
    void take_identity(Unit& unit, const policy::Subject& subject);
    /// Whether the unit may have copies now: its owner carries the finalizer that lets it go after them alone.
    bool is_held(const Unit& unit, const RunningPolicy& running, const Evaluated& evaluated, const queue::Key& key);
    void failed(const Unit& unit, const std::string& why);

    Board& board_;
    Reach& reach_;
    Report& report_;
    Companions& companions_;
    const std::function<void(plan::UnitId)> prove_;
    Evaluation evaluation_;
    Decisions decisions_;
    OwnerLook owners_;
    OwnerSettling settling_;
};

}  // namespace moontide::sync
