// Owners: the objects that ask for the work. What their watch brings, and what a look at one of them does.
#pragma once

#include "sync/board.hpp"
#include "sync/evaluation.hpp"
#include "sync/report.hpp"

#include <functional>
#include <limits>
#include <string>

namespace moontide::sync {

/// Beside the audit's: the look at an owner after its units were worked on.
inline constexpr plan::NameId settle_spot = std::numeric_limits<plan::NameId>::max() - 1;

/// Whether an owner still asks.
enum class Asking {
    yes,
    ended,    ///< it is gone, as somebody saw or a GET said; or it is being deleted; or its policy means it no more
    unknown,  ///< nobody has seen it go, or what it selects is not known yet
};
Asking asking(const Board& board, const Unit& owner);

/// What a change in a feed of owners means to them. Ingest thread; `reader` is the caller's.
void took_owner(Board& board, RunningPolicy& running, const kube::Kind& kind, const cache::Change& change,
                kube::Reader& reader);

/// How many copies go when the unit goes: its own, or of an owner those of all its units.
std::size_t copies_with(Board& board, plan::UnitId unit);

/// The owner is looked at again soon, and told whatever there is to tell.
void owner_stirred(Board& board, const Unit& owner);
/// Something became of the unit's copies: its owner, where it has one, is looked at again soon, and told where that is
/// news.
void unit_stirred(Board& board, const Unit& unit);

/// Looks at owners: what each selects, and what becomes of its units when it asks no more. One a worker thread.
class OwnerLook {
public:
    /// `prove` is asked to find out by a GET whether an owner is really gone.
    OwnerLook(Board& board, Report& report, Evaluation& evaluation, std::function<void(plan::UnitId)> prove)
        : board_(board), report_(report), evaluation_(evaluation), prove_(std::move(prove)) {}

    void look_at(const Unit& owner, RunningPolicy& running);

private:
    void is_gone(const Unit& owner, RunningPolicy& running);
    /// It asks for nothing any more; its units are looked at for what they leave behind.
    void ended(const Unit& owner);

    Board& board_;
    Report& report_;
    Evaluation& evaluation_;
    const std::function<void(plan::UnitId)> prove_;
};

}  // namespace moontide::sync
