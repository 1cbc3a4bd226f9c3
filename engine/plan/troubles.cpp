#include "plan/troubles.hpp"

namespace moontide::plan {

const Trouble* Troubles::find(const TargetKey& target, UnitId unit) const {
    const auto found = troubles_.find(target);
    if (found == troubles_.end()) return nullptr;
    const auto one = std::ranges::find(found->second, unit, &Trouble::unit);
    return one == found->second.end() ? nullptr : &*one;
}

bool Troubles::is_refused(const TargetKey& target) const {
    const auto found = troubles_.find(target);
    return found != troubles_.end() && std::ranges::any_of(found->second, &Trouble::refused);
}

void Troubles::put(const TargetKey& target, Trouble trouble) {
    auto& all = troubles_[target];
    by_unit_.add(trouble.unit, target);
    const auto known = std::ranges::find(all, trouble.unit, &Trouble::unit);
    if (known == all.end()) {
        all.push_back(std::move(trouble));
    } else {
        *known = std::move(trouble);
    }
}

void Troubles::erase(const TargetKey& target, UnitId unit) {
    const auto found = troubles_.find(target);
    if (found == troubles_.end()) return;
    if (std::erase_if(found->second, [&](const Trouble& trouble) { return trouble.unit == unit; }) > 0)
        by_unit_.remove(unit, target);
    if (found->second.empty()) troubles_.erase(found);
}

void Troubles::object_gone(const TargetKey& target) {
    const auto found = troubles_.find(target);
    if (found == troubles_.end()) return;
    std::erase_if(found->second, [&](const Trouble& trouble) {
        if (!trouble.standing) by_unit_.remove(trouble.unit, target);
        return !trouble.standing;
    });
    if (found->second.empty()) troubles_.erase(found);
}

void Troubles::clear() {
    troubles_.clear();
    by_unit_ = {};
}

}  // namespace moontide::plan
