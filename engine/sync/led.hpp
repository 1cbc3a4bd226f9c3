// A sync that works only while it leads: each term is an engine of its own.
#pragma once

#include "sync.hpp"

#include <functional>
#include <memory>

namespace moontide::sync {

/// Makes the engine of one term; `may_write` is false from the moment in which the Lease can be another's.
using MakeEngine = std::function<Result<std::unique_ptr<Sync>>(std::function<bool()> may_write)>;

/// A term begins as a process does, with whole lists, so that nothing is written from what a standby saw late; it ends
/// as by a crash: nothing more is sent, answers are not awaited. A standby watches nothing and is ready.
Result<std::unique_ptr<Sync>> follow_the_lease(const kube::Access& access, const SyncOptions& options,
                                               status::Metrics& metrics, MakeEngine make_engine);

}  // namespace moontide::sync
