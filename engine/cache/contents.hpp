// The objects of a Store at one moment, and the ways to find them.
#pragma once

#include "kube/object.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moontide::cache {

/// A hash of one thing that objects are found by: a namespace, a label, an owner. Different things may share one, so
/// what is found is looked at again.
using Mark = std::uint64_t;
using Marks = std::vector<Mark>;

Mark namespace_mark(std::string_view namespace_name);
Mark label_mark(std::string_view key, std::string_view value);
Mark owner_mark(std::string_view owner_uid);
/// All marks of an object, sorted.
Marks marks_of(const kube::Metadata& metadata);
/// The same, read from the object's text.
Marks marks_of(const kube::Object& object);

/// A sorted set of numbers, the single one that most marks have without an allocation.
class Postings {
public:
    void add(std::uint32_t slot);
    void remove(std::uint32_t slot);
    bool empty() const { return only_ == none && !many_; }
    template <typename Function>
    void for_each(Function&& function) const {
        if (only_ != none) function(only_);
        if (many_) {
            for (const auto slot : *many_) function(slot);
        }
    }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t only_ = none;
    std::unique_ptr<std::vector<std::uint32_t>> many_;  // two or more
};

/// About 35 bytes an object and 4 for each of its marks that others share. Keeps no texts: names are compared with
/// those in the objects. Not for several threads at once; Store locks.
class Contents {
public:
    kube::ObjectPtr find(std::string_view namespace_name, std::string_view name) const;
    /// `before` are the marks of what stands there now, empty where nothing does. Returns what stood there.
    kube::ObjectPtr put(kube::ObjectPtr object, const Marks& before, const Marks& after);
    kube::ObjectPtr erase(std::string_view namespace_name, std::string_view name, const Marks& before);
    /// Whatever carries the mark, and what a chance made share it.
    std::vector<kube::ObjectPtr> marked(Mark mark) const;
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_; }

    template <typename Function>
    void for_each(Function&& function) const {
        for (const auto& object : slots_) {
            if (object) function(object);
        }
    }

private:
    struct Bucket {
        std::uint32_t hash = 0;
        std::uint32_t slot = UINT32_MAX;  // none: the bucket is free
        bool used() const { return slot != UINT32_MAX; }
    };
    std::size_t bucket_of(std::uint32_t hash, std::string_view namespace_name, std::string_view name) const;
    void grow();
    void post(std::uint32_t slot, const Marks& before, const Marks& after);

    std::vector<Bucket> buckets_;  // open addressing, a power of two, linear probing
    std::deque<kube::ObjectPtr> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::unordered_map<Mark, Postings> postings_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace moontide::cache
