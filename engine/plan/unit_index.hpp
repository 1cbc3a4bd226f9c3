// Targets by the unit that has to do with them.
#pragma once

#include "plan/identity.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <unordered_map>

namespace moontide::plan {

/// Of Have, and under its lock.
class UnitIndex {
public:
    void add(UnitId unit, const TargetKey& target) { targets_[unit].insert(target); }
    void remove(UnitId unit, const TargetKey& target) {
        const auto found = targets_.find(unit);
        if (found == targets_.end()) return;
        found->second.erase(target);
        if (found->second.empty()) targets_.erase(found);
    }
    /// In order; in one namespace, or (0) in all.
    template <typename Function>
    void for_each(UnitId unit, NameId namespace_name, Function&& function) const {
        const auto found = targets_.find(unit);
        if (found == targets_.end()) return;
        const auto& targets = found->second;
        for (auto one = targets.lower_bound({namespace_name, 0, 0}); one != targets.end(); ++one) {
            if (namespace_name != 0 && one->namespace_name != namespace_name) break;
            function(*one);
        }
    }
    template <typename Function>
    void each_unit(Function&& function) const {
        for (const auto& [unit, targets] : targets_) function(unit);
    }

    template <typename Holds>
    bool any_unit(Holds&& holds) const {
        return std::ranges::any_of(targets_, [&](const auto& entry) { return holds(entry.first); });
    }
    std::size_t size() const { return targets_.size(); }

private:
    std::unordered_map<UnitId, std::set<TargetKey>> targets_;  // none is empty
};

}  // namespace moontide::plan
