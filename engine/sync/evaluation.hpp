// What a unit asks for now: its policy, evaluated from the caches.
#pragma once

#include "plan/diff.hpp"
#include "policy/want.hpp"
#include "sync/board.hpp"
#include "sync/companions.hpp"
#include "sync/reach.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moontide::sync {

/// What one evaluation asks for at one target.
struct Asked {
    plan::TargetKey target;
    std::shared_ptr<const plan::Wish> wish = {};  ///< null: nothing is wanted there
    std::shared_ptr<const plan::Wish> part = {};  ///< where an object that is there is joined: what of it is to be ours
    plan::Leftover leftover = plan::Leftover::report;
    plan::Holder holder = plan::Holder::self;
    plan::UnitId held_by = 0;  ///< the other unit that `holder` speaks of
};

struct Evaluated {
    std::vector<Asked> asked;
    std::vector<policy::Refusal> refusals;
    std::vector<std::string> waiting;  ///< where none of `into` selects anything yet: what is awaited
    bool incomplete = false;           ///< something it needs is on its way; nothing is decided
    /// Where the copies belong is for the owner to say, so that what a start finds dropped was its own doing.
    bool owner_decides = false;
};

/// One a worker thread, with an evaluator of its own for each policy.
class Evaluation {
public:
    Evaluation(Board& board, Reach& reach, Companions& companions);

    policy::Evaluator& evaluator(const RunningPolicy& running);
    /// The owner as it is now; null where there is none, or the policy means it no more.
    Result<kube::ObjectPtr> owner(const Unit& owner, const RunningPolicy& running);
    /// Whether the watches of owners or sources have that object, meant or not.
    static kube::ObjectPtr is_in_feeds(const kube::Ref& ref, const RunningPolicy& running);
    /// A source of the unit as it is now; null where none is selected. An error: that cannot be told.
    Result<kube::ObjectPtr> source(const Unit& unit, const kube::Ref& ref, const RunningPolicy& running);
    /// Nothing: no source is there. An error: that cannot be told, so nothing is decided.
    Result<std::optional<policy::Subject>> subject(const Unit& unit, const RunningPolicy& running);

    /// Of all namespaces, or of one alone. The former also says anew where a namespace's change concerns the unit.
    Result<Evaluated> evaluate(const Unit& unit, const RunningPolicy& running, const policy::Subject& subject,
                               const std::optional<std::string>& namespace_name);
    /// Whether a unit that holds a target still asks for it; where that cannot be told it does.
    bool still_wants(plan::UnitId holder, const plan::TargetKey& target);
    /// Whether what carries the unit's marks in the namespace is its copy: its owner takes such, and `into`, where it
    /// is the same for every source of the owner, means the namespace.
    bool takes_marked(const Unit& unit, const RunningPolicy& running, const std::string& namespace_name);
    /// Of an owner that keeps the copies of a source that is gone: whether it still means that source and that
    /// namespace.
    bool keeps_orphan(const Unit& unit, const RunningPolicy& running, const std::string& namespace_name);

private:
    class Pass;

    /// The first of the objects that a selection means, `where` included.
    Result<kube::ObjectPtr> meant(const kube::ObjectPtr& object, const kube::Kind& kind,
                                  const std::vector<policy::Selection>& from, const policy::Inputs& inputs,
                                  const RunningPolicy& running);

    Board& board_;
    Reach& reach_;
    Companions& companions_;
    std::map<std::size_t, std::unique_ptr<policy::Evaluator>> evaluators_;
    kube::Reader reader_;
};

}  // namespace moontide::sync
