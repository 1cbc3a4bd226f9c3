#include "cache/contents.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace moontide::cache {

namespace {

enum class MarkOf : std::uint64_t { place = 1, namespace_name, label, owner };

std::uint64_t hash(MarkOf kind, std::string_view a, std::string_view b = {}) {
    const std::hash<std::string_view> of_text;
    std::uint64_t mixed = of_text(a) ^ (static_cast<std::uint64_t>(kind) << 56);
    mixed = (mixed ^ (mixed >> 32)) * 0x9E3779B97F4A7C15ULL;
    return mixed ^ of_text(b) ^ (mixed >> 29);
}

std::uint32_t place_hash(std::string_view namespace_name, std::string_view name) {
    return static_cast<std::uint32_t>(hash(MarkOf::place, namespace_name, name) >> 16);
}

}  // namespace

Mark namespace_mark(std::string_view namespace_name) {
    return hash(MarkOf::namespace_name, namespace_name);
}
Mark label_mark(std::string_view key, std::string_view value) {
    return hash(MarkOf::label, key, value);
}
Mark owner_mark(std::string_view owner_uid) {
    return hash(MarkOf::owner, owner_uid);
}

Marks marks_of(const kube::Metadata& metadata) {
    Marks marks;
    marks.reserve(1 + metadata.labels.size() + metadata.owner_uids.size());
    marks.push_back(namespace_mark(metadata.namespace_name));
    for (const auto& [key, value] : metadata.labels) marks.push_back(label_mark(key, value));
    for (const auto uid : metadata.owner_uids) marks.push_back(owner_mark(uid));
    std::sort(marks.begin(), marks.end());
    marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
    return marks;
}

Marks marks_of(const kube::Object& object) {
    thread_local kube::Reader reader;
    const auto metadata = reader.metadata(object.json());
    return metadata ? marks_of(*metadata) : Marks{};
}

void Postings::add(std::uint32_t slot) {
    if (empty()) {
        only_ = slot;
        return;
    }
    if (!many_) {
        many_ = std::make_unique<std::vector<std::uint32_t>>(1, only_);
        only_ = none;
    }
    const auto place = std::lower_bound(many_->begin(), many_->end(), slot);
    if (place == many_->end() || *place != slot) many_->insert(place, slot);
}

void Postings::remove(std::uint32_t slot) {
    if (only_ == slot) only_ = none;
    if (!many_) return;
    const auto place = std::lower_bound(many_->begin(), many_->end(), slot);
    if (place != many_->end() && *place == slot) many_->erase(place);
    if (many_->size() == 1) {
        only_ = many_->front();
        many_.reset();
    }
}

/// Where the object is, or the free bucket where it would go.
std::size_t Contents::bucket_of(std::uint32_t hash, std::string_view namespace_name, std::string_view name) const {
    const std::size_t mask = buckets_.size() - 1;
    std::size_t at = hash & mask;
    while (buckets_[at].used()) {
        if (buckets_[at].hash == hash) {
            const auto& object = *slots_[buckets_[at].slot];
            if (object.name() == name && object.namespace_name() == namespace_name) break;
        }
        at = (at + 1) & mask;
    }
    return at;
}

kube::ObjectPtr Contents::find(std::string_view namespace_name, std::string_view name) const {
    if (size_ == 0) return nullptr;
    const auto& bucket = buckets_[bucket_of(place_hash(namespace_name, name), namespace_name, name)];
    return bucket.used() ? slots_[bucket.slot] : nullptr;
}

void Contents::grow() {
    if (!buckets_.empty() && (size_ + 1) * 4 <= buckets_.size() * 3) return;
    std::vector<Bucket> old(std::max<std::size_t>(16, buckets_.size() * 2));
    std::swap(old, buckets_);
    const std::size_t mask = buckets_.size() - 1;
    for (const Bucket& bucket : old) {
        if (!bucket.used()) continue;
        std::size_t at = bucket.hash & mask;
        while (buckets_[at].used()) at = (at + 1) & mask;
        buckets_[at] = bucket;
    }
}

void Contents::post(std::uint32_t slot, const Marks& before, const Marks& after) {
    if (before == after) return;
    for (const Mark mark : before) {
        const auto found = postings_.find(mark);
        if (found == postings_.end() || std::binary_search(after.begin(), after.end(), mark)) continue;
        found->second.remove(slot);
        if (found->second.empty()) postings_.erase(found);
    }
    for (const Mark mark : after) {
        if (!std::binary_search(before.begin(), before.end(), mark)) postings_[mark].add(slot);
    }
}

kube::ObjectPtr Contents::put(kube::ObjectPtr object, const Marks& before, const Marks& after) {
    grow();
    const auto hash = place_hash(object->namespace_name(), object->name());
    auto& bucket = buckets_[bucket_of(hash, object->namespace_name(), object->name())];
    bytes_ += object->json().size();
    if (bucket.used()) {
        const auto slot = bucket.slot;
        bytes_ -= slots_[slot]->json().size();
        post(slot, before, after);
        return std::exchange(slots_[slot], std::move(object));
    }
    std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
    if (free_slots_.empty()) {
        slots_.push_back(std::move(object));
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
        slots_[slot] = std::move(object);
    }
    bucket = {hash, slot};
    ++size_;
    post(slot, {}, after);
    return nullptr;
}

kube::ObjectPtr Contents::erase(std::string_view namespace_name, std::string_view name, const Marks& before) {
    if (size_ == 0) return nullptr;
    std::size_t hole = bucket_of(place_hash(namespace_name, name), namespace_name, name);
    if (!buckets_[hole].used()) return nullptr;
    const auto slot = buckets_[hole].slot;
    post(slot, before, {});
    auto object = std::exchange(slots_[slot], nullptr);
    free_slots_.push_back(slot);
    bytes_ -= object->json().size();
    --size_;

    // What follows moves up unless it stands where its hash wants it, so that no search ends at the hole.
    const std::size_t mask = buckets_.size() - 1;
    for (std::size_t at = (hole + 1) & mask; buckets_[at].used(); at = (at + 1) & mask) {
        const std::size_t wanted = buckets_[at].hash & mask;
        if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
        buckets_[hole] = buckets_[at];
        hole = at;
    }
    buckets_[hole] = {};
    return object;
}

std::vector<kube::ObjectPtr> Contents::marked(Mark mark) const {
    std::vector<kube::ObjectPtr> objects;
    const auto found = postings_.find(mark);
    if (found != postings_.end()) {
        found->second.for_each([&](std::uint32_t slot) { objects.push_back(slots_[slot]); });
    }
    return objects;
}

}  // namespace moontide::cache
