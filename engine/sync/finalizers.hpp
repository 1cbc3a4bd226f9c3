// The finalizer that a policy puts on its owners: on before the first copy, off when a live list shows that none is
// left.
#pragma once

#include "base/guarded.hpp"
#include "base/loop.hpp"
#include "sync/board.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace moontide::sync {

/// An owner is never written by apply, which would make it anew, but by a JSON Patch that tests its uid and names the
/// version that was judged. Other people's finalizers stay.
class Finalizers {
public:
    Finalizers(Board& board, Loop& io) : board_(board), io_(io) {}

    // Any thread.

    /// Puts it on; when it is on, the owner is looked at again.
    void hold(plan::UnitId owner);
    /// Asks the server what is left of the owner's copies, and when that is nothing takes it off. What is left and
    /// nobody knew of is looked at again. Once at a time for an owner.
    /// Between the two its rows go; `database`: the Secret that leads to them, where the owner has any.
    void let_go(plan::UnitId owner, std::optional<kube::Ref> database = std::nullopt);
    /// Something of an owner's is under way.
    bool is_busy(plan::UnitId owner) const;
    /// Nothing is under way but what the server refuses.
    bool settled() const;
    /// What holds the owner up, in words: a copy and its finalizer, a list or a patch that the server refuses. Empty:
    /// nothing.
    std::string waiting(plan::UnitId owner) const;
    /// The owner has gone, or does not end any more.
    void forget(plan::UnitId owner);

private:
    struct State {
        bool busy = false;
        bool again = false;  ///< what was asked for meanwhile
        std::string waiting = {};
    };
    class Patch;
    class Survey;

    bool begin(plan::UnitId owner);
    void end(plan::UnitId owner, std::string waiting);
    /// The owner and its units.
    void look_again(plan::UnitId owner);

    Board& board_;
    Loop& io_;
    Guarded<std::map<plan::UnitId, State>> states_;
};

}  // namespace moontide::sync
