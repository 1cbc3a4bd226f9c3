// Names as small numbers, so that a record of a copy need not hold its texts.
#pragma once

#include "plan/identity.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace moontide::plan {

/// Any thread. An id is never given to another name, and a name that was forgotten gets a new one.
class Names {
public:
    NameId id(std::string_view name);
    /// The name of an id that id() gave and nobody forgot.
    std::string text(NameId id) const;
    std::size_t size() const;
    /// Forgets what is not in `held` and was not asked for since the call before the last one. Returns what is left.
    std::size_t forget_untouched(const std::unordered_set<NameId>& held);

private:
    mutable std::mutex mutex_;
    struct Entry {
        NameId id;
        std::uint64_t touched;  // the round of the last id()
    };
    std::unordered_map<std::string, Entry> ids_;          // guarded by mutex_
    std::unordered_map<NameId, std::string_view> texts_;  // guarded by mutex_; views of the keys of ids_
    NameId last_ = 0;                                     // guarded by mutex_
    std::uint64_t round_ = 0;                             // guarded by mutex_; of forget_untouched()
};

}  // namespace moontide::plan
