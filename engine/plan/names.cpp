#include "plan/names.hpp"

namespace moontide::plan {

NameId Names::id(std::string_view name) {
    std::scoped_lock lock(mutex_);
    const auto [entry, added] = ids_.try_emplace(std::string(name), last_ + 1);
    if (added) {
        ++last_;
        // Keys of an unordered_map stay where they are through a rehash.
        texts_.emplace(last_, entry->first);
    }
    return entry->second;
}

std::string Names::text(NameId id) const {
    std::scoped_lock lock(mutex_);
    const auto found = texts_.find(id);
    return found == texts_.end() ? std::string() : std::string(found->second);
}

std::size_t Names::size() const {
    std::scoped_lock lock(mutex_);
    return ids_.size();
}

}  // namespace moontide::plan
