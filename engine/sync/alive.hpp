// Whether the object that a copy belongs to is still there: asked before a copy is made anew that was deleted.
#pragma once

#include "base/guarded.hpp"
#include "base/loop.hpp"
#include "plan/content_hash.hpp"
#include "sync/board.hpp"

#include <set>

namespace moontide::sync {

/// The watch of copies may bring a copy's end before another watch brings its owner's: made anew, the copy would be
/// deleted by the collector in a moment, again and again. Any thread.
class Alive {
public:
    Alive(Board& board, Loop& io) : board_(board), io_(io) {}

    /// Asks the server; the target is looked at again when its owner is there. When it has gone its watch will tell.
    void ask(plan::UnitId unit, const plan::TargetKey& target, const plan::Belonging& belonging);

private:
    void send(plan::UnitId unit, const plan::TargetKey& target, const plan::Belonging& belonging);
    std::optional<kube::Resource> resource(plan::UnitId unit, const kube::Kind& kind) const;

    Board& board_;
    Loop& io_;
    Guarded<std::set<plan::TargetKey>> asked_;
};

}  // namespace moontide::sync
