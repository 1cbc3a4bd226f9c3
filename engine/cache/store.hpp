// The objects of one kind that policies select: one writer, many readers.
#pragma once

#include "kube/object.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::cache {

/// What one event or relist did to one object. `before` is null for a new one, `after` for one that is gone. Of a
/// deletion that an event told, `before` is the object as the event has it: at the version of its deletion.
struct Change {
    kube::ObjectPtr before;
    kube::ObjectPtr after;
    /// A relist found it, no event told it: evidence of a deletion that nobody saw.
    bool by_relist = false;
};

/// Readers on any thread see whole states: a relist is swapped in at its end, never half done and never empty.
/// Every lock is held for nanoseconds; objects are shared, never copied.
class Store {
public:
    Store();
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Null where it is not there. Found without building a text.
    kube::ObjectPtr find(std::string_view namespace_name, std::string_view name) const;
    /// All objects in the order of namespace and name; the vector is shared until the next change. Keep it in a name:
    /// in `for (auto& one : *store.all())` it would be gone before the first round.
    std::shared_ptr<const std::vector<kube::ObjectPtr>> all() const;
    std::vector<kube::ObjectPtr> in_namespace(std::string_view namespace_name) const;
    /// By a label key and value, in one namespace or in all; answered from indexes of hashes, so that a few others may
    /// be among them, for the caller to tell.
    std::vector<kube::ObjectPtr> with_label(std::string_view key, std::string_view value,
                                            std::optional<std::string_view> namespace_name = {}) const;
    /// By the uid of an owner reference; answered from an index.
    std::vector<kube::ObjectPtr> owned_by(std::string_view owner_uid) const;
    std::size_t size() const;
    bool synced() const;
    /// Bytes of JSON held.
    std::size_t bytes() const;

private:
    friend class Feed;
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::cache
