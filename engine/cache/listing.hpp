// The sorted list of a Store's objects, kept up to date when it is asked for.
#pragma once

#include "cache/contents.hpp"
#include "kube/object.hpp"

#include <memory>
#include <vector>

namespace moontide::cache {

using ObjectList = std::vector<kube::ObjectPtr>;

/// Namespace first, then name.
bool before_in_list(const kube::Object& a, const kube::Object& b);

/// What was listed last and what changed since. Not for several threads at once; Store locks.
class Listing {
public:
    struct Delta {
        kube::ObjectPtr object;
        bool gone = false;
    };
    /// What a new list is made from, without a lock: the last list and the changes since, or, where `base` is null,
    /// all objects in any order.
    struct Recipe {
        std::shared_ptr<const ObjectList> base;
        std::vector<Delta> deltas;
        ObjectList all;
    };

    /// What is not needed any more, to be freed once the lock is given back.
    struct Discarded {
        std::shared_ptr<const ObjectList> base;
        std::vector<Delta> deltas;
    };
    [[nodiscard]] Discarded note(kube::ObjectPtr object, bool gone, std::size_t size);
    /// The next list begins from nothing.
    [[nodiscard]] Discarded reset();

    /// The last list where nothing has changed since, or null.
    std::shared_ptr<const ObjectList> current() const { return deltas_.empty() && !making_ ? base_ : nullptr; }
    /// Begins a new list; what is noted from now on goes into the one after it.
    Recipe take(const Contents& contents);
    /// Returns the list before it, to be freed without the lock too.
    [[nodiscard]] std::shared_ptr<const ObjectList> made(std::shared_ptr<const ObjectList> list);

private:
    std::shared_ptr<const ObjectList> base_;
    std::vector<Delta> deltas_;  // in the order of the changes
    bool making_ = false;        // between take() and made(), unless reset() came between
};

ObjectList make_list(Listing::Recipe recipe);

}  // namespace moontide::cache
