// Which units a namespace concerns: each distinct `into` is matched once, whatever number of units have it.
#pragma once

#include "cache/store.hpp"
#include "plan/identity.hpp"
#include "policy/policy.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace moontide::sync {

/// Any thread.
class Reach {
public:
    /// The unit's `into` as it was last evaluated. `reads_namespace`: its content depends on what the namespace
    /// carries.
    void set(plan::UnitId unit, const policy::Into& into, bool reads_namespace);
    void forget(plan::UnitId unit);

    /// The units to look at after a namespace came, changed or went; `reader` is the caller's.
    std::vector<plan::UnitId> concerned(const cache::Change& change, kube::Reader& reader) const;
    std::size_t distinct() const;

private:
    struct Group {
        policy::Into into;
        std::set<plan::UnitId> units;
        std::set<plan::UnitId> reading;  // those whose content depends on the namespace
    };

    mutable std::mutex mutex_;
    std::map<std::string, Group> groups_;          // guarded by mutex_; by the text of the into
    std::map<plan::UnitId, std::string> of_unit_;  // guarded by mutex_
};

/// Whether `into` may mean this namespace: a `where` counts as a yes.
bool may_reach(const policy::Into& into, const kube::Metadata& namespace_metadata);

}  // namespace moontide::sync
