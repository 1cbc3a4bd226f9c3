// The units of work: who asks, from what, and whether that is still there.
#pragma once

#include "plan/claim.hpp"
#include "plan/identity.hpp"

#include <cstddef>
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
    plan::UnitId owner = 0;       ///< the unit of its owner; 0 where the source is its own
    std::string error = {};       ///< why its last evaluation failed; empty: it did not
    bool incomplete = false;      ///< something that it needs is on its way
    bool stands = false;          ///< it may write nothing yet, and has its place among the candidates meanwhile
    std::vector<std::string> waiting = {};  ///< where none of `into` selects anything yet: what is awaited
    std::string changed = {};     ///< when a copy of it was last written, RFC 3339; empty: not since the start
    std::uint64_t looked_at = 0;  ///< the generation that was looked at last

    // Of an owner.
    bool awaits_sources = false;           ///< what it selects is not known yet
    bool terminating = false;              ///< it is being deleted
    std::string status_error = {};         ///< why the policy's `status` failed last; empty: it did not
    bool unselected = false;               ///< its policy's `where` means it no more
    std::size_t content = 0;               ///< a hash of all but its status and what the server writes
    bool held = false;                     ///< it carries the policy's finalizer
    kube::ResourceVersion held_since = 0;  ///< what we wrote ourselves: older versions of the object say nothing

    /// It is still to be looked at, as it is now, or something that its look needs is on its way.
    bool is_open() const { return looked_at != generation || incomplete; }
    /// Who asks, not what is copied: its key is looked at for its sources, and its units for their copies.
    bool is_owner() const { return !bond.owner.name.empty() && bond.source.name.empty() && bond.group.empty(); }
    /// For contests: creationTimestamp, then uid; who has none comes last.
    bool older_than(const Unit& other) const;
};

/// What goes when the unit's source or owner goes: the same text for all units of one source, whoever owns them.
std::string cause_of(const Unit& unit);

/// Any thread.
class Units {
public:
    /// `bond`'s uids do not count for which unit it is. A unit that has an owner makes the owner's too.
    plan::UnitId id(const plan::Bond& bond, std::size_t policy);
    std::optional<plan::UnitId> find(const plan::Bond& bond) const;
    std::optional<Unit> get(plan::UnitId id) const;
    /// Those that nothing is to be made from: no source, no members.
    std::vector<plan::UnitId> without_source() const;
    std::vector<plan::UnitId> of_policy(std::size_t policy) const;
    /// `function(unit)` under the lock, for each of a policy.
    template <typename Function>
    void each_of_policy(std::size_t policy, Function&& function) const {
        std::scoped_lock lock(mutex_);
        for (const auto& [id, unit] : units_) {
            if (unit.policy == policy) function(unit);
        }
    }
    /// The units of an owner.
    std::vector<plan::UnitId> of_owner(plan::UnitId owner) const;
    std::size_t count_of_owner(plan::UnitId owner) const;
    /// Some unit of the owner is open.
    bool has_open(plan::UnitId owner) const;
    /// 0 where it has none, or is not known.
    plan::UnitId owner_of(plan::UnitId id) const;
    std::uint64_t generation(plan::UnitId id) const;

    /// `change(unit)` under the lock, for what is there.
    template <typename Function>
    bool change(plan::UnitId id, Function&& function) {
        std::scoped_lock lock(mutex_);
        const auto found = units_.find(id);
        if (found == units_.end()) return false;
        auto& unit = found->second;
        unit.touched = true;
        const bool was_open = unit.is_open();
        function(unit);
        if (unit.owner != 0 && unit.is_open() != was_open) count_open(unit.owner, was_open ? -1 : 1);
        return true;
    }
    /// Forgets it where nobody has called id() or change() for it since it was asked for the last time.
    bool forget_untouched(plan::UnitId id);
    std::size_t size() const;

private:
    plan::UnitId make(const plan::Bond& bond, std::size_t policy);
    void count_open(plan::UnitId owner, std::ptrdiff_t more);

    mutable std::mutex mutex_;
    std::unordered_map<plan::UnitId, Unit> units_;                       // guarded by mutex_
    std::unordered_map<plan::UnitId, std::set<plan::UnitId>> of_owner_;  // guarded by mutex_; none is empty
    std::unordered_map<plan::UnitId, std::size_t> open_of_owner_;        // guarded by mutex_; none is 0
    std::unordered_map<std::string, plan::UnitId> by_key_;               // guarded by mutex_
    plan::UnitId last_ = 0;                                              // guarded by mutex_
};

}  // namespace moontide::sync
