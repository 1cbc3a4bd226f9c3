// A hash table of numbers, for those that know what the numbers stand for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace moontide::cache {

/// Open addressing with linear probing: 8 bytes a bucket, at most three quarters of them used. Hash and number alone;
/// whether a number is the one looked for is asked of the caller. Not for several threads at once.
class Buckets {
public:
    static constexpr std::uint32_t none = UINT32_MAX;

    /// The number of that hash for which `same` holds, or null. Valid until the next insert or erase.
    template <typename Same>
    std::uint32_t* find(std::uint32_t hash, Same&& same) {
        if (buckets_.empty()) return nullptr;
        for (std::size_t at = hash & mask(); buckets_[at].number != none; at = (at + 1) & mask()) {
            if (buckets_[at].hash == hash && same(buckets_[at].number)) return &buckets_[at].number;
        }
        return nullptr;
    }
    template <typename Same>
    const std::uint32_t* find(std::uint32_t hash, Same&& same) const {
        return const_cast<Buckets*>(this)->find(hash, std::forward<Same>(same));
    }

    void insert(std::uint32_t hash, std::uint32_t number) {
        if ((used_ + 1) * 4 > buckets_.size() * 3) grow();
        place({number, hash});
        ++used_;
    }

    /// `number` is what find() returned.
    void erase(std::uint32_t* number) {
        // What follows moves up unless it stands where its hash wants it, so that no search ends at the hole.
        auto hole = static_cast<std::size_t>(reinterpret_cast<Bucket*>(number) - buckets_.data());
        for (std::size_t at = (hole + 1) & mask(); buckets_[at].number != none; at = (at + 1) & mask()) {
            const std::size_t wanted = buckets_[at].hash & mask();
            if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
            buckets_[hole] = buckets_[at];
            hole = at;
        }
        buckets_[hole] = {};
        --used_;
    }

private:
    struct Bucket {
        std::uint32_t number = none;  // the first member: erase() comes back from it
        std::uint32_t hash = 0;
    };

    std::size_t mask() const { return buckets_.size() - 1; }

    void place(Bucket bucket) {
        std::size_t at = bucket.hash & mask();
        while (buckets_[at].number != none) at = (at + 1) & mask();
        buckets_[at] = bucket;
    }

    void grow() {
        std::vector<Bucket> old(std::max<std::size_t>(16, buckets_.size() * 2));
        std::swap(old, buckets_);
        for (const Bucket& bucket : old) {
            if (bucket.number != none) place(bucket);
        }
    }

    std::vector<Bucket> buckets_;  // a power of two
    std::size_t used_ = 0;
};

}  // namespace moontide::cache
