#include "sync/gate.hpp"

#include "plan/content_hash.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

namespace moontide::sync {

void Gate::vanished(plan::UnitId unit) {
    std::scoped_lock lock(mutex_);
    if (!paused_.contains(unit)) waiting_.insert(unit);
}

void Gate::dropped(Drop drop) {
    std::scoped_lock lock(mutex_);
    if (!paused_drops_.contains(drop)) waiting_drops_.insert(drop);
}

void Gate::returned(plan::UnitId unit) {
    std::scoped_lock lock(mutex_);
    waiting_.erase(unit);
    paused_.erase(unit);
}

void Gate::looked(plan::UnitId unit, plan::NameId only, const std::function<bool(plan::NameId)>& still) {
    std::scoped_lock lock(mutex_);
    for (auto* drops : {&waiting_drops_, &paused_drops_}) {
        const auto begin = drops->lower_bound({unit, only});
        const auto end = drops->upper_bound({unit, only == 0 ? std::numeric_limits<plan::NameId>::max() : only});
        for (auto drop = begin; drop != end;) drop = still(drop->second) ? std::next(drop) : drops->erase(drop);
    }
}

std::set<plan::UnitId> Gate::vanished_units() const {
    std::scoped_lock lock(mutex_);
    std::set<plan::UnitId> all = waiting_;
    all.insert(paused_.begin(), paused_.end());
    return all;
}

bool Gate::too_many(std::size_t causes, std::size_t of) const {
    return causes > std::max<std::size_t>(limits_.least, of * limits_.percent / 100);
}

Gate::Released Gate::conclude(std::size_t sources, std::size_t namespaces, const CauseOf& cause_of) {
    std::map<plan::UnitId, std::string> cause;
    for (const auto unit : vanished_units()) cause[unit] = cause_of ? cause_of(unit) : std::to_string(unit);

    std::scoped_lock lock(mutex_);
    std::set<std::string> causes;
    for (const auto& [unit, text] : cause) {
        if (waiting_.contains(unit) || paused_.contains(unit)) causes.insert(text);
    }
    std::vector<plan::UnitId> ready;
    std::erase_if(waiting_, [&](plan::UnitId unit) {
        if (!cause.contains(unit)) return false;  // it came meanwhile, and has a conclude() of its own to come
        ready.push_back(unit);
        return true;
    });
    Released released;
    // What is paused already counts along: a second relist must not slip by in small parts.
    if (too_many(causes.size(), sources)) {
        paused_.insert(ready.begin(), ready.end());
    } else {
        released.units = std::move(ready);
    }
    std::set<plan::NameId> dropping;
    for (const auto& drop : waiting_drops_) dropping.insert(drop.second);
    for (const auto& drop : paused_drops_) dropping.insert(drop.second);
    if (too_many(dropping.size(), namespaces)) {
        paused_drops_.merge(waiting_drops_);
    } else {
        released.drops.assign(waiting_drops_.begin(), waiting_drops_.end());
    }
    waiting_drops_.clear();
    return released;
}

bool Gate::holds(plan::UnitId unit) const {
    std::scoped_lock lock(mutex_);
    return waiting_.contains(unit) || paused_.contains(unit);
}

bool Gate::holds(const Drop& drop) const {
    std::scoped_lock lock(mutex_);
    return waiting_drops_.contains(drop) || paused_drops_.contains(drop);
}

std::string Gate::plan_id(const std::string& policy) const {
    std::scoped_lock lock(mutex_);
    if (paused_.empty() && paused_drops_.empty()) return {};
    std::string text = policy;
    for (const auto unit : paused_) text += "\n" + std::to_string(unit);
    for (const auto& [unit, name] : paused_drops_) text += "\n" + std::to_string(unit) + "/" + std::to_string(name);
    return plan::hash_of_text(text).hex().substr(0, 12);
}

std::vector<plan::UnitId> Gate::paused_units() const {
    std::scoped_lock lock(mutex_);
    return {paused_.begin(), paused_.end()};
}

std::vector<Gate::Drop> Gate::paused_drops() const {
    std::scoped_lock lock(mutex_);
    return {paused_drops_.begin(), paused_drops_.end()};
}

std::vector<Gate::Drop> Gate::drops() const {
    std::scoped_lock lock(mutex_);
    std::vector<Drop> all(waiting_drops_.begin(), waiting_drops_.end());
    all.insert(all.end(), paused_drops_.begin(), paused_drops_.end());
    return all;
}

Gate::Released Gate::confirm() {
    std::scoped_lock lock(mutex_);
    Released released{{paused_.begin(), paused_.end()}, {paused_drops_.begin(), paused_drops_.end()}};
    paused_.clear();
    paused_drops_.clear();
    return released;
}

}  // namespace moontide::sync
