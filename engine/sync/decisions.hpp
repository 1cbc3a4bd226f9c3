// From what is asked for to orders: each target is compared with what stands there.
#pragma once

#include "sync/audit.hpp"
#include "sync/board.hpp"
#include "sync/evaluation.hpp"
#include "sync/report.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace moontide::sync {

/// After this long in peace a rivalry is forgotten.
constexpr auto rivalry_peace = std::chrono::minutes(10);

/// One a worker thread.
class Decisions {
public:
    Decisions(Board& board, Report& report, Evaluation& evaluation, std::uint64_t seed);

    /// Decides and orders. `first_look`: what a start finds dropped is counted before it goes.
    void carry_out(const Unit& unit, RunningPolicy& running, Evaluated evaluated, bool urgent, bool first_look);
    /// For an audit; nothing where it is as it should be, or will be by what is on its way.
    std::optional<Difference> compare(plan::Have& have, const Unit& unit, const RunningPolicy& running,
                                      const Asked& asked) const;

private:
    /// Which target the unit's wish is about, and what stands there: the object whole, or its part of it.
    struct Choice {
        plan::TargetKey target;
        std::shared_ptr<const plan::Wish> wish;
        plan::Standing standing;
    };
    Choice choose(const plan::Have& have, const Unit& unit, const Asked& asked) const;
    /// Nothing is on its way there any more; whoever waited for it looks again.
    void end_ticket(plan::Have& have, const plan::TargetKey& target);
    bool may_decide(plan::Have& have, const Unit& unit, const Asked& asked);
    /// Who holds the targets that other units have: asks those units whether they still want them.
    void ask_holders(const Unit& unit, std::vector<Asked>& asked);
    /// A watch tells when what stands in the unit's way goes, or what it waits for comes.
    bool is_awaited(const plan::TargetKey& target, plan::UnitId unit, const plan::Standing& standing);
    std::optional<apply::Order> decide(plan::Have& have, const Unit& unit, RunningPolicy& running, const Asked& asked,
                                       bool first_look);
    /// Whether what nobody wants there goes now: there may be too much of it, or somebody who wants it next.
    bool may_remove(const plan::Have& have, const Unit& unit, RunningPolicy& running, const plan::TargetKey& target,
                    bool first_look);
    /// Zero: now. A repair that somebody keeps undoing waits longer each time.
    Milliseconds repair_delay(plan::Have& have, const Unit& unit, const plan::TargetKey& target);
    void note(plan::Have& have, const Unit& unit, const plan::TargetKey& target, plan::Trouble trouble);
    /// What could not be evaluated: nothing but a change of its inputs helps.
    void note_error(const Unit& unit, const plan::TargetKey& target, const policy::Refusal& refusal);

    Board& board_;
    Report& report_;
    Evaluation& evaluation_;
    Backoff rival_backoff_;
};

}  // namespace moontide::sync
