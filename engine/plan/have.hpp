// The copies that exist, what was just done to them, and what is on its way.
#pragma once

#include "base/clock.hpp"
#include "plan/identity.hpp"
#include "plan/record.hpp"
#include "plan/troubles.hpp"
#include "plan/unit_index.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace moontide::plan {

/// What an answer showed of a target; laid over the records until the watch has caught up with it.
struct Sighting {
    Standing standing = {};
    /// The watch has caught up when it shows this version or a later one. 0 where no version tells: of what is gone its
    /// deletion does, of what a refused write taught about a record its next event.
    /// What carries no label of ours is not watched: it stays until a decision is made of it.
    kube::ResourceVersion version = 0;
    Uid uid = {};
    bool own_write = false;
};

/// A step that waits or is under way. One a target, whichever units want it.
struct Ticket {
    std::uint64_t number = 0;
    UnitId unit = 0;
    bool creates = false;
    bool sent = false;
    std::set<UnitId> again = {};  ///< units that look again when it has ended
};

/// What the server makes of fields that it writes in its own way (quantities, defaults within lists).
struct Accepted {
    Hash wanted;
    Hash live;
};

/// Copies and parts are watched each by a label of their own.
enum class Watched { copies, parts };

/// Repairs of one copy that somebody keeps editing.
struct Rivalry {
    unsigned repairs = 0;
    bool again = false;  ///< somebody changed it since the last repair
    Instant last{};
};

/// Used under one lock, by every thread.
class Have {
public:
    // Records: what the watch of copies shows.

    const Record* record(const TargetKey& target) const;
    /// Returns what was there before.
    std::optional<Record> put(const TargetKey& target, const Record& record);
    std::optional<Record> remove(const TargetKey& target);
    /// The watch shows the record's object no more, and it was not us: its unit is to find out where it is.
    void lose(const TargetKey& target);
    /// What was lost is not there, or is ours no more.
    void give_up(const TargetKey& target);
    /// In one namespace, or (0) in all.
    std::vector<TargetKey> lost_by(UnitId unit, NameId namespace_name) const;
    bool is_lost(const TargetKey& target) const { return lost_.contains(target); }
    /// In order: one namespace's after another.
    std::vector<TargetKey> targets_of(UnitId unit) const;
    std::vector<TargetKey> targets_of(UnitId unit, NameId namespace_name) const;
    std::size_t count_of(UnitId unit) const;
    /// The parts in one object that the records or the sightings have.
    std::vector<TargetKey> parts_at(const TargetKey& whole);
    /// Those of tickets, sightings, contests, troubles and what is lost: something is under way, copies or not.
    std::unordered_set<UnitId> units_in_hand() const;
    std::size_t size() const { return records_.size(); }
    /// Every name that anything here holds, some more than once.
    template <typename Function>
    void each_name(Function&& function) const {
        const auto of_all = [&](const auto& map) {
            for (const auto& [target, value] : map) {
                function(target.namespace_name);
                function(target.name);
            }
        };
        of_all(records_);
        of_all(lost_);
        of_all(sightings_);
        of_all(tickets_);
        of_all(candidates_);
        of_all(rivalries_);
        troubles_.each([&](const TargetKey& target, const Trouble&) {
            function(target.namespace_name);
            function(target.name);
        });
        for (const auto& [target, record] : records_) function(record.keys);
        for (const auto& [target, sighting] : sightings_) {
            if (const auto* record = std::get_if<Record>(&sighting.standing)) function(record->keys);
        }
    }
    template <typename Function>
    void each(Function&& function) const {
        for (const auto& [target, record] : records_) function(target, record);
    }

    // Sightings.

    /// Left out where the watch has been quicker than the answer.
    void see(const TargetKey& target, Sighting sighting);
    const Sighting* sighting(const TargetKey& target) const;
    /// The watch has shown this object at this version (or its deletion): drops what it has caught up with. True
    /// where that was our own write, so that nothing needs to be looked at.
    bool caught_up(const TargetKey& target, const Uid& uid, kube::ResourceVersion version, bool deleted);
    /// The watch has delivered everything up to `version`.
    void progressed(KindId kind, Watched watched, kube::ResourceVersion version);
    /// The records of a kind are what a list at `version` has. Gives back what we wrote before it and what it does not
    /// have: deleted while no watch was there to tell, so that each unit is to be looked at.
    std::vector<std::pair<TargetKey, UnitId>> relisted(KindId kind, Watched watched, kube::ResourceVersion version);
    /// A foreign object is not watched, nor is that there is none: what was seen of it serves one decision.
    void forget_foreign(const TargetKey& target);
    std::size_t own_writes_unseen() const;

    /// The sighting where there is one, else the record, else lost or absent.
    Standing standing(const TargetKey& target) const;
    /// Whose copy stands there, also where the watch has not shown it yet; 0: none of ours is known.
    UnitId holder(const TargetKey& target) const;

    // Tickets.

    Ticket& issue(const TargetKey& target, UnitId unit, bool creates);
    Ticket* ticket(const TargetKey& target);
    void close(const TargetKey& target);
    template <typename Function>
    void each_ticket(Function&& function) const {
        for (const auto& [target, ticket] : tickets_) function(target, ticket);
    }

    // Contests: units that want a target which another one holds.

    void contest(const TargetKey& target, UnitId unit);
    void withdraw(const TargetKey& target, UnitId unit);
    std::vector<UnitId> candidates(const TargetKey& target) const;
    /// That part of the unit's is, or would be, in a copy that is another unit's.
    bool is_beside(const TargetKey& part, UnitId unit) const;
    /// In one namespace, or (0) in all.
    std::vector<TargetKey> contested_by(UnitId unit, NameId namespace_name = 0) const;
    /// Where a step of the unit is on its way, or an answer showed a copy of it that the records may not have yet; in
    /// one namespace, or (0) in all.
    std::vector<TargetKey> in_hand(UnitId unit, NameId namespace_name) const;

    /// It has a copy, something of it is on its way or lost, or it waits for what another one has.
    bool has_to_do_with(UnitId unit) const {
        return count_of(unit) > 0 || !in_hand(unit, 0).empty() || !lost_by(unit, 0).empty() ||
               !contested_by(unit, 0).empty();
    }
    /// A step of the unit waits or is under way.
    bool has_ticket(UnitId unit) const;
    std::size_t units_with_tickets() const { return ticketed_.size(); }
    template <typename Holds>
    bool any_with_ticket(Holds&& holds) const {
        return ticketed_.any_unit(holds);
    }

    // How the server writes what we wrote.

    void accept(const TargetKey& target, const Accepted& accepted) { accepted_[target] = accepted; }
    const Accepted* accepted(const TargetKey& target) const;

    // Troubles and rivalries.

    Troubles& troubles() { return troubles_; }
    const Troubles& troubles() const { return troubles_; }
    std::unordered_map<TargetKey, Rivalry, TargetKeyHash>& rivalries() { return rivalries_; }

private:
    void unsee(const TargetKey& target);
    void lose(const TargetKey& target, UnitId unit, kube::ResourceVersion version);
    void drop_part(const TargetKey& target);

    template <typename Value>
    using ByTarget = std::unordered_map<TargetKey, Value, TargetKeyHash>;

    ByTarget<Record> records_;
    std::unordered_map<UnitId, std::vector<TargetKey>> by_unit_;  // each in order; none is empty
    /// A record that was lost: what shows a later version than this shows where it is.
    struct LostRecord {
        UnitId unit = 0;
        kube::ResourceVersion version = 0;
    };
    ByTarget<LostRecord> lost_;
    UnitIndex lost_by_;  // of lost_
    ByTarget<Sighting> sightings_;
    std::map<std::pair<KindId, Watched>, kube::ResourceVersion> shown_;  // up to where each watch has come
    ByTarget<std::set<UnitId>> parts_;  // by whole target: units that have, or had, a part there
    ByTarget<Accepted> accepted_;
    UnitIndex sighted_;  // of sightings_, by the unit of what they show
    ByTarget<Ticket> tickets_;
    UnitIndex ticketed_;  // of tickets_
    ByTarget<std::vector<UnitId>> candidates_;
    UnitIndex contested_;  // of candidates_
    Troubles troubles_;
    ByTarget<Rivalry> rivalries_;
    std::uint64_t last_ticket_ = 0;
};

}  // namespace moontide::plan
