// The objects of a Store at one moment, and the ways to find them.
#pragma once

#include "cache/buckets.hpp"
#include "kube/object.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace moontide::cache {

/// A hash of one thing that objects are found by: a namespace, a label, an owner. Different things may share one, so
/// what is found is looked at again.
using Mark = std::uint32_t;
using Marks = std::vector<Mark>;

Mark namespace_mark(std::string_view namespace_name);
Mark label_mark(std::string_view key, std::string_view value);
Mark owner_mark(std::string_view owner_uid);
/// All marks of an object, sorted.
Marks marks_of(const kube::Metadata& metadata);
/// The same, read from the object's text.
Marks marks_of(const kube::Object& object);

/// For each mark the slots that carry it: a mark of one object, the usual kind, costs a bucket.
class Postings {
public:
    void add(Mark mark, std::uint32_t slot);
    void remove(Mark mark, std::uint32_t slot);
    /// Sorted; valid until the next change.
    std::span<const std::uint32_t> slots(Mark mark) const;

private:
    static constexpr std::uint32_t in_set = 1U << 31U;
    static bool any(std::uint32_t) { return true; }

    Buckets marks_;                                 // the one slot, or `in_set` and the place in sets_
    std::vector<std::vector<std::uint32_t>> sets_;  // sorted, of two or more
    std::vector<std::uint32_t> free_sets_;
};

/// About 30 bytes an object, 5 for each of its marks that others share, 14 for one of its own. Keeps no texts: names
/// are compared with those in the objects. Not for several threads at once; Store locks.
class Contents {
public:
    kube::ObjectPtr find(std::string_view namespace_name, std::string_view name) const;
    /// `before` are the marks of what stands there now, empty where nothing does. Returns what stood there.
    kube::ObjectPtr put(kube::ObjectPtr object, const Marks& before, const Marks& after);
    kube::ObjectPtr erase(std::string_view namespace_name, std::string_view name, const Marks& before);
    /// Whatever carries the mark, and what a chance made share it; of these, what carries another one too.
    std::vector<kube::ObjectPtr> marked(Mark mark, std::optional<Mark> another = {}) const;
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_; }

    template <typename Function>
    void for_each(Function&& function) const {
        for (const auto& object : slots_) {
            if (object) function(object);
        }
    }

private:
    std::uint32_t* place(std::string_view namespace_name, std::string_view name);
    void post(std::uint32_t slot, const Marks& before, const Marks& after);

    Buckets places_;  // by namespace and name: the slot
    std::deque<kube::ObjectPtr> slots_;
    std::vector<std::uint32_t> free_slots_;
    Postings postings_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace moontide::cache
