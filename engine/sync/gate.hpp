// What vanished while nobody watched is counted by cause; too much of it at once waits for a yes.
#pragma once

#include "plan/identity.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace moontide::sync {

/// One policy's. Any thread, also one that holds the records (plan::Have) or a unit; `still` must take neither.
class Gate {
public:
    struct Limits {
        unsigned least = 10;
        unsigned percent = 10;
    };
    /// A copy in a namespace that is no longer selected, found so by a start.
    using Drop = std::pair<plan::UnitId, plan::NameId>;

    struct Released {
        std::vector<plan::UnitId> units;
        std::vector<Drop> drops;
    };

    explicit Gate(Limits limits) : limits_(limits) {}

    /// A source was found gone by a list. It waits for conclude().
    void vanished(plan::UnitId unit);
    /// A copy was found unwanted by a start's first look though its source is there. It waits for conclude().
    void dropped(Drop drop);
    /// It is back, or the watch has told its end.
    void returned(plan::UnitId unit);
    /// The unit was looked at, in one namespace or (0) in all: of what it would drop there, only what is `still` to be
    /// dropped stays here. The rest is wanted again, or has gone by itself.
    void looked(plan::UnitId unit, plan::NameId only, const std::function<bool(plan::NameId)>& still);

    /// What vanished with a unit: a source that many owners ask for is one cause. Called while nothing here is locked.
    using CauseOf = std::function<std::string(plan::UnitId)>;

    /// All that a start or relist can find has been found: what goes on, unless it is too much of the policy's
    /// `sources` and owners (those that are gone included) or of its `namespaces`; then it is paused until confirm().
    /// `cause_of`: none, where each unit is its own cause.
    Released conclude(std::size_t sources, std::size_t namespaces, const CauseOf& cause_of = {});

    bool holds(plan::UnitId unit) const;
    bool holds(const Drop& drop) const;

    /// The id of what is paused: a hash of the policy's name and all of it; empty where nothing is.
    std::string plan_id(const std::string& policy) const;
    std::vector<plan::UnitId> paused_units() const;
    std::vector<Drop> paused_drops() const;
    /// Those that wait or are paused.
    std::vector<Drop> drops() const;
    Released confirm();

private:
    std::set<plan::UnitId> vanished_units() const;
    bool too_many(std::size_t causes, std::size_t of) const;

    const Limits limits_;
    mutable std::mutex mutex_;
    std::set<plan::UnitId> waiting_;  // all below: guarded by mutex_
    std::set<Drop> waiting_drops_;
    std::set<plan::UnitId> paused_;
    std::set<Drop> paused_drops_;
};

}  // namespace moontide::sync
