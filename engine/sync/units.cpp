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

std::string cause_of(const Unit& unit) {
    if (!unit.bond.group.empty()) return "group " + unit.bond.owner.text() + "\n" + unit.bond.group;
    return unit.bond.source.name.empty() ? "owner " + unit.bond.owner.text() : "source " + unit.bond.source.text();
}

plan::UnitId Units::id(const plan::Bond& bond, std::size_t policy) {
    std::scoped_lock lock(mutex_);
    return make(bond, policy);
}

plan::UnitId Units::make(const plan::Bond& bond, std::size_t policy) {
    const auto [entry, added] = by_key_.try_emplace(bond.key(), last_ + 1);
    if (added) {
        const auto id = ++last_;
        Unit unit;
        unit.id = id;
        unit.policy = policy;
        unit.bond = bond;
        if (!bond.owner.name.empty() && !unit.is_owner()) {
            plan::Bond of_owner;
            of_owner.policy = bond.policy;
            of_owner.owner = bond.owner;
            of_owner.owner_uid = bond.owner_uid;
            unit.owner = make(of_owner, policy);
            of_owner_[unit.owner].insert(id);
            count_open(unit.owner, 1);
        }
        units_.emplace(id, std::move(unit));
        return id;
    }
    auto& unit = units_.at(entry->second);
    unit.touched = true;
    if (const auto owner = units_.find(unit.owner); owner != units_.end()) owner->second.touched = true;
    return unit.id;
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

std::vector<plan::UnitId> Units::of_owner(plan::UnitId owner) const {
    std::scoped_lock lock(mutex_);
    const auto found = of_owner_.find(owner);
    if (found == of_owner_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

std::size_t Units::count_of_owner(plan::UnitId owner) const {
    std::scoped_lock lock(mutex_);
    const auto found = of_owner_.find(owner);
    return found == of_owner_.end() ? 0 : found->second.size();
}

bool Units::has_open(plan::UnitId owner) const {
    std::scoped_lock lock(mutex_);
    return open_of_owner_.contains(owner);
}

plan::UnitId Units::owner_of(plan::UnitId id) const {
    std::scoped_lock lock(mutex_);
    const auto found = units_.find(id);
    return found == units_.end() ? 0 : found->second.owner;
}

void Units::count_open(plan::UnitId owner, std::ptrdiff_t more) {
    auto& count = open_of_owner_[owner];
    count += static_cast<std::size_t>(more);
    if (count == 0) open_of_owner_.erase(owner);
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
        if (unit.presence != Presence::present && unit.members.empty() && unit.in_group == 0 && !of_owner_.contains(id))
            ids.push_back(id);
    }
    return ids;
}

bool Units::forget_untouched(plan::UnitId id) {
    std::scoped_lock lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end() || of_owner_.contains(id) || std::exchange(found->second.touched, false)) return false;
    if (const auto siblings = of_owner_.find(found->second.owner); siblings != of_owner_.end()) {
        siblings->second.erase(id);
        if (siblings->second.empty()) of_owner_.erase(siblings);
        if (found->second.is_open()) count_open(found->second.owner, -1);
    }
    by_key_.erase(found->second.bond.key());
    units_.erase(found);
    return true;
}

std::size_t Units::size() const {
    std::scoped_lock lock(mutex_);
    return units_.size();
}

}  // namespace moontide::sync
