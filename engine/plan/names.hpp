// Names as small numbers, so that a record of a copy need not hold its texts.
#pragma once

#include "plan/identity.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace moontide::plan {

/// Any thread. An id is never given to another name.
class Names {
public:
    NameId id(std::string_view name);
    /// The name of an id that id() gave and nobody forgot.
    std::string text(NameId id) const;
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, NameId> ids_;         // guarded by mutex_
    std::unordered_map<NameId, std::string_view> texts_;  // guarded by mutex_; views of the keys of ids_
    NameId last_ = 0;                                     // guarded by mutex_
};

}  // namespace moontide::plan
