#include "plan/names.hpp"

namespace moontide::plan {

NameId Names::id(std::string_view name) {
    std::scoped_lock lock(mutex_);
    const auto [entry, added] = ids_.try_emplace(std::string(name), Entry{last_ + 1, round_});
    entry->second.touched = round_;
    if (added) {
        ++last_;
        // Keys of an unordered_map stay where they are through a rehash.
        texts_.emplace(last_, entry->first);
    }
    return entry->second.id;
}

std::string Names::text(NameId id) const {
    std::scoped_lock lock(mutex_);
    const auto found = texts_.find(id);
    return found == texts_.end() ? std::string() : std::string(found->second);
}

std::size_t Names::forget_untouched(const std::unordered_set<NameId>& held) {
    std::scoped_lock lock(mutex_);
    ++round_;
    std::erase_if(ids_, [&](const auto& entry) {
        const auto& [name, known] = entry;
        if (known.touched + 1 >= round_ || held.contains(known.id)) return false;
        texts_.erase(known.id);
        return true;
    });
    return ids_.size();
}

std::size_t Names::size() const {
    std::scoped_lock lock(mutex_);
    return ids_.size();
}

}  // namespace moontide::plan
