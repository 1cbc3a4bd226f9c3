// Why targets are not as their units want them.
#pragma once

#include "plan/identity.hpp"
#include "plan/unit_index.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moontide::plan {

/// Why a target is not as a unit wants it; kept until it is.
struct Trouble {
    UnitId unit = 0;
    bool refused = false;   ///< else failed
    bool terminal = false;  ///< nothing but a change of the inputs helps
    bool standing = false;  ///< what the policy says of the target, whatever is there
    unsigned failures = 0;
    std::string reason = {};
    std::string message = {};
};

/// One for each unit that wants a target, since two may be refused for reasons of their own. Of Have, and under its
/// lock.
class Troubles {
public:
    const Trouble* find(const TargetKey& target, UnitId unit) const;
    /// Of any unit.
    bool contains(const TargetKey& target) const { return troubles_.contains(target); }
    bool is_refused(const TargetKey& target) const;

    /// In place of what troubled `trouble.unit` there before.
    void put(const TargetKey& target, Trouble trouble);
    void erase(const TargetKey& target, UnitId unit);
    /// Of every unit; what policies say of it stays.
    void object_gone(const TargetKey& target);
    void clear();

    /// `function(target, trouble)`.
    template <typename Function>
    void each(Function&& function) const {
        for (const auto& [target, troubles] : troubles_) {
            for (const auto& trouble : troubles) function(target, trouble);
        }
    }
    /// A unit's, in order; in one namespace, or (0) in all.
    template <typename Function>
    void each_of(UnitId unit, NameId namespace_name, Function&& function) const {
        by_unit_.for_each(unit, namespace_name,
                          [&](const TargetKey& target) { function(target, *find(target, unit)); });
    }

private:
    std::unordered_map<TargetKey, std::vector<Trouble>, TargetKeyHash> troubles_;  // none is empty
    UnitIndex by_unit_;                                                            // of troubles_
};

}  // namespace moontide::plan
