// Namespace termination: a namespace that is being deleted is emptied, then let go.
#pragma once

#include "base/clock.hpp"
#include "sandbox/store.hpp"
#include "sandbox/writes.hpp"

#include <set>
#include <string>

namespace moontide::sandbox {

/// Follows the store as any watcher does. Used by the store's thread.
class Terminator {
public:
    Terminator(Store& store, const Kinds& kinds, Writes& writes, const Clock& clock)
        : store_(store), kinds_(kinds), writes_(writes), clock_(clock) {}

    /// Does what the events since the last call ask for; true where it changed something.
    bool work();

private:
    void look();
    bool empty_out(const std::string& namespace_name);
    bool report(const RecordPtr& record);

    Store& store_;
    const Kinds& kinds_;
    Writes& writes_;
    const Clock& clock_;
    Version position_ = 0;
    std::set<std::string> terminating_;
};

}  // namespace moontide::sandbox
