// The inside of a Store, for Store and Feed alone.
#pragma once

#include "cache/contents.hpp"
#include "cache/listing.hpp"
#include "cache/store.hpp"

#include <mutex>
#include <shared_mutex>

namespace moontide::cache {

/// The writer (Feed) reads `contents` without the lock, since nobody else writes it.
struct Store::Implementation {
    std::mutex list_mutex;  ///< one list is made at a time; taken before `mutex`
    mutable std::shared_mutex mutex;
    Contents contents;
    Listing listing;
    bool synced = false;

    /// Returns what stood there.
    kube::ObjectPtr put(const kube::ObjectPtr& object, const Marks& after);
    kube::ObjectPtr erase(std::string_view namespace_name, std::string_view name);
    /// `next` becomes the contents; the old ones are freed without the lock.
    void swap(Contents next);
};

}  // namespace moontide::cache
