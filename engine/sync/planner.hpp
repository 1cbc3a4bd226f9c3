// Looks at one key: evaluates what is wanted, compares it with what is there, and orders the steps.
#pragma once

#include "plan/diff.hpp"
#include "policy/want.hpp"
#include "sync/board.hpp"
#include "sync/companions.hpp"
#include "sync/reach.hpp"
#include "sync/report.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moontide::sync {

/// One a worker thread, with an evaluator of its own for each policy.
class Planner {
public:
    /// `prove` is asked to find out by a GET whether the source of a unit is really gone.
    Planner(Board& board, Reach& reach, Report& report, Companions& companions, std::function<void(plan::UnitId)> prove,
            std::uint64_t seed);

    /// The steps of what is looked at first go first.
    void look_at(const queue::Key& key, queue::Urgency urgency = queue::Urgency::change);

private:
    /// What one evaluation asks for at one target.
    struct Asked {
        plan::TargetKey target;
        std::shared_ptr<const plan::Wish> wish;  ///< null: nothing is wanted there
        plan::Leftover leftover = plan::Leftover::report;
        plan::Holder holder = plan::Holder::self;
        plan::UnitId held_by = 0;  ///< the other unit that `holder` speaks of
    };
    struct Evaluated {
        std::vector<Asked> asked;
        std::vector<policy::Refusal> refusals;
        bool incomplete = false;  ///< something it needs is on its way; nothing is decided
    };

    policy::Evaluator& evaluator(const RunningPolicy& running);
    /// Nothing: no source is there. An error: that cannot be told, so nothing is decided.
    Result<std::optional<policy::Subject>> subject(const Unit& unit, const RunningPolicy& running);
    Result<kube::ObjectPtr> source(const kube::Ref& ref, const RunningPolicy& running);

    /// The `into` of all sources together: where a namespace's change concerns the unit.
    Result<policy::Into> reach_of(const policy::Subject& subject, policy::Evaluator& lua);
    Result<Evaluated> evaluate(const Unit& unit, const RunningPolicy& running, const policy::Subject& subject,
                               std::optional<std::string> namespace_name);
    /// Records of the unit that the evaluation did not ask for.
    void add_unwanted(const Unit& unit, const RunningPolicy& running, const queue::Key& key, bool source_gone,
                      Evaluated& evaluated);
    void take_down(const Unit& unit, const RunningPolicy& running, const queue::Key& key);
    /// The membership of a source in the groups of its policy, after a change of it.
    void regroup(const Unit& unit, const RunningPolicy& running);

    /// Who holds the targets that other units have: asks those units whether they still want them.
    void ask_holders(const Unit& unit, std::vector<Asked>& asked);
    bool still_wants(plan::UnitId holder, const plan::TargetKey& target);
    void carry_out(const Unit& unit, RunningPolicy& running, Evaluated evaluated, bool urgent, bool first_look);
    std::optional<apply::Order> decide(plan::Have& have, const Unit& unit, RunningPolicy& running, const Asked& asked,
                                       bool first_look);
    /// Zero: now. A repair that somebody keeps undoing waits longer each time.
    Milliseconds repair_delay(plan::Have& have, const Unit& unit, const plan::TargetKey& target);
    void note(plan::Have& have, const Unit& unit, const plan::TargetKey& target, plan::Trouble trouble);

    Board& board_;
    Reach& reach_;
    Report& report_;
    Companions& companions_;
    const std::function<void(plan::UnitId)> prove_;
    Backoff rival_backoff_;
    std::map<std::size_t, std::unique_ptr<policy::Evaluator>> evaluators_;
    kube::Reader reader_;
};

}  // namespace moontide::sync
