#include "sync/reach.hpp"

#include "sync/selection_text.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {

std::string into_text(const policy::Into& into) {
    std::string text;
    if (const auto* selections = std::get_if<std::vector<policy::Selection>>(&into.where_to)) {
        for (const auto& selection : *selections) text += text_of(selection);
    } else {
        for (const auto& target : std::get<std::vector<policy::Target>>(into.where_to)) {
            text += target.namespace_name + "\n" + target.kind.kind + "\n" + target.name + "\n";
        }
    }
    return text;
}

}  // namespace

bool may_reach(const policy::Into& into, const kube::Metadata& metadata) {
    if (const auto* selections = std::get_if<std::vector<policy::Selection>>(&into.where_to)) {
        return std::any_of(selections->begin(), selections->end(),
                           [&](const auto& selection) { return selection.matches(metadata); });
    }
    const auto& targets = std::get<std::vector<policy::Target>>(into.where_to);
    return std::any_of(targets.begin(), targets.end(),
                       [&](const auto& target) { return target.namespace_name == metadata.name; });
}

void Reach::set(plan::UnitId unit, const policy::Into& into, bool reads_namespace) {
    auto text = into_text(into);
    std::scoped_lock lock(mutex_);
    if (const auto known = of_unit_.find(unit); known != of_unit_.end() && known->second != text) {
        auto& before = groups_[known->second];
        before.units.erase(unit);
        before.reading.erase(unit);
        if (before.units.empty()) groups_.erase(known->second);
    }
    auto& group = groups_[text];
    if (group.units.empty()) group.into = into;
    group.units.insert(unit);
    if (reads_namespace) {
        group.reading.insert(unit);
    } else {
        group.reading.erase(unit);
    }
    of_unit_[unit] = std::move(text);
}

void Reach::forget(plan::UnitId unit) {
    std::scoped_lock lock(mutex_);
    const auto known = of_unit_.find(unit);
    if (known == of_unit_.end()) return;
    const auto group = groups_.find(known->second);
    if (group != groups_.end()) {
        group->second.units.erase(unit);
        group->second.reading.erase(unit);
        if (group->second.units.empty()) groups_.erase(group);
    }
    of_unit_.erase(known);
}

std::vector<plan::UnitId> Reach::concerned(const cache::Change& change, kube::Reader& reader) const {
    const bool same = change.before && change.after && change.before->uid() == change.after->uid() &&
                      change.before->terminating() == change.after->terminating();
    std::scoped_lock lock(mutex_);
    std::vector<bool> reached_before(groups_.size());
    if (change.before) {
        if (const auto metadata = reader.metadata(change.before->json())) {
            std::transform(groups_.begin(), groups_.end(), reached_before.begin(),
                           [&](const auto& entry) { return may_reach(entry.second.into, *metadata); });
        }
    }
    const auto metadata =
        change.after ? reader.metadata(change.after->json()) : Result<kube::Metadata>(fail("it is gone"));
    std::vector<plan::UnitId> units;
    auto reached = reached_before.begin();
    for (const auto& [text, group] : groups_) {
        const bool before = *reached++;
        const bool after = metadata && may_reach(group.into, *metadata);
        if (!before && !after) continue;
        const auto& concerned = before == after && same ? group.reading : group.units;
        units.insert(units.end(), concerned.begin(), concerned.end());
    }
    return units;
}

std::size_t Reach::distinct() const {
    std::scoped_lock lock(mutex_);
    return groups_.size();
}

}  // namespace moontide::sync
