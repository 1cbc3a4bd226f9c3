// The units of work: who asks, from what, and whether that is still there.
#pragma once

#include "plan/claim.hpp"
#include "plan/identity.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moontide::sync {

/// How sure we are of a source.
enum class Presence {
    unknown,   ///< known from copies alone so far
    present,   ///< the watch shows it, selected
    deleted,   ///< the watch brought its deletion, or that it is no longer selected
    vanished,  ///< a list did not have it; nobody saw it go
    proven,    ///< vanished, and a GET said so
};

struct Unit {
    static constexpr std::size_t no_policy = static_cast<std::size_t>(-1);

    plan::UnitId id = 0;
    std::size_t policy = no_policy;  ///< index of the running policy; none where its copies outlived it
    plan::Bond bond;                 ///< with the uids as last seen
    std::uint64_t generation = 1;    ///< moves with each change of what it is evaluated from
    Presence presence = Presence::unknown;
    std::string created;          ///< creationTimestamp of owner or source: the older one wins a contest
    std::set<kube::Ref> members;  ///< the sources of a group
    bool touched = true;          ///< since the last forget_untouched()
    plan::UnitId in_group = 0;    ///< of a source whose policy groups: the group's unit; 0 where it stands alone

    /// For contests: creationTimestamp, then uid; who has none comes last.
    bool older_than(const Unit& other) const;
};

/// Any thread.
class Units {
public:
    /// `bond`'s uids do not count for which unit it is.
    plan::UnitId id(const plan::Bond& bond, std::size_t policy);
    std::optional<plan::UnitId> find(const plan::Bond& bond) const;
    std::optional<Unit> get(plan::UnitId id) const;
    /// Those that nothing is to be made from: no source, no members.
    std::vector<plan::UnitId> without_source() const;
    std::vector<plan::UnitId> of_policy(std::size_t policy) const;
    std::uint64_t generation(plan::UnitId id) const;

    /// `change(unit)` under the lock, for what is there.
    template <typename Function>
    bool change(plan::UnitId id, Function&& function) {
        std::scoped_lock lock(mutex_);
        const auto found = units_.find(id);
        if (found == units_.end()) return false;
        found->second.touched = true;
        function(found->second);
        return true;
    }
    /// Forgets it where nobody has called id() or change() for it since it was asked for the last time.
    bool forget_untouched(plan::UnitId id);
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<plan::UnitId, Unit> units_;          // guarded by mutex_
    std::unordered_map<std::string, plan::UnitId> by_key_;  // guarded by mutex_
    plan::UnitId last_ = 0;                                 // guarded by mutex_
};

}  // namespace moontide::sync
