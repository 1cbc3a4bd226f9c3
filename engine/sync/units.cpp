#include "sync/units.hpp"

#include <tuple>
#include <utility>

namespace moontide::sync {

bool Unit::older_than(const Unit& other) const {
    const auto rank = [](const Unit& unit) {
        const auto& uid = unit.bond.owner_uid.empty() ? unit.bond.source_uid : unit.bond.owner_uid;
        return std::tuple(unit.created.empty(), unit.created, uid, unit.bond.policy, unit.id);
    };
    return rank(*this) < rank(other);
}

plan::UnitId Units::id(const plan::Bond& bond, std::size_t policy) {
    std::scoped_lock lock(mutex_);
    const auto [entry, added] = by_key_.try_emplace(bond.key(), last_ + 1);
    if (added) {
        ++last_;
        Unit unit;
        unit.id = last_;
        unit.policy = policy;
        unit.bond = bond;
        units_.emplace(last_, std::move(unit));
    } else {
        units_.at(entry->second).touched = true;
    }
    return entry->second;
}

std::optional<plan::UnitId> Units::find(const plan::Bond& bond) const {
    std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(bond.key());
    if (found == by_key_.end()) return std::nullopt;
    return found->second;
}

std::optional<Unit> Units::get(plan::UnitId id) const {
    std::scoped_lock lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end()) return std::nullopt;
    return found->second;
}

std::vector<plan::UnitId> Units::of_policy(std::size_t policy) const {
    std::scoped_lock lock(mutex_);
    std::vector<plan::UnitId> ids;
    for (const auto& [id, unit] : units_) {
        if (unit.policy == policy) ids.push_back(id);
    }
    return ids;
}

std::uint64_t Units::generation(plan::UnitId id) const {
    std::scoped_lock lock(mutex_);
    const auto found = units_.find(id);
    return found == units_.end() ? 0 : found->second.generation;
}

std::vector<plan::UnitId> Units::without_source() const {
    std::scoped_lock lock(mutex_);
    std::vector<plan::UnitId> ids;
    for (const auto& [id, unit] : units_) {
        if (unit.presence != Presence::present && unit.members.empty() && unit.in_group == 0) ids.push_back(id);
    }
    return ids;
}

bool Units::forget_untouched(plan::UnitId id) {
    std::scoped_lock lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end() || std::exchange(found->second.touched, false)) return false;
    by_key_.erase(found->second.bond.key());
    units_.erase(found);
    return true;
}

std::size_t Units::size() const {
    std::scoped_lock lock(mutex_);
    return units_.size();
}

}  // namespace moontide::sync
