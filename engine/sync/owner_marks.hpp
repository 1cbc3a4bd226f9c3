// Copies that the controller made which a policy with owners replaces: found once by their marks, and given to the
// owners that the marks name.
#pragma once

#include "plan/record.hpp"
#include "policy/policy.hpp"
#include "sync/board.hpp"

namespace moontide::sync {

/// An object with the marks, until its owner is looked at.
struct MarkedCopy {
    plan::TargetKey target;
    plan::Record record;  ///< without its unit
    policy::Origin origin;
};

/// Puts those that this owner's marks name into the records, under the units of the sources that it selects. Any worker
/// thread. What no owner claims is nobody's here.
void claim_marked(Board& board, RunningPolicy& running, const kube::Ref& owner, const kube::Object& object,
                  const std::vector<policy::Selection>& from);

}  // namespace moontide::sync
