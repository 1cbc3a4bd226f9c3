#include "cache/contents.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace moontide::cache {

namespace {

enum class MarkOf : std::uint64_t { place = 1, namespace_name, label, owner };

std::uint32_t hash(MarkOf kind, std::string_view a, std::string_view b = {}) {
    const std::hash<std::string_view> of_text;
    std::uint64_t mixed = of_text(a) ^ (static_cast<std::uint64_t>(kind) << 56);
    mixed = (mixed ^ (mixed >> 32)) * 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ of_text(b) ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL;
    return static_cast<std::uint32_t>(mixed >> 32);
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

void Postings::add(Mark mark, std::uint32_t slot) {
    auto* number = marks_.find(mark, any);
    if (number == nullptr) return marks_.insert(mark, slot);
    if ((*number & in_set) == 0) {
        auto set = static_cast<std::uint32_t>(sets_.size());
        if (free_sets_.empty()) {
            sets_.emplace_back();
        } else {
            set = free_sets_.back();
            free_sets_.pop_back();
        }
        sets_[set] = {*number};
        *number = set | in_set;
    }
    auto& slots = sets_[*number & ~in_set];
    slots.insert(std::lower_bound(slots.begin(), slots.end(), slot), slot);
}

void Postings::remove(Mark mark, std::uint32_t slot) {
    auto* number = marks_.find(mark, any);
    if (number == nullptr) return;
    if ((*number & in_set) == 0) {
        if (*number == slot) marks_.erase(number);
        return;
    }
    const auto set = *number & ~in_set;
    auto& slots = sets_[set];
    const auto found = std::lower_bound(slots.begin(), slots.end(), slot);
    if (found == slots.end() || *found != slot) return;
    slots.erase(found);
    if (slots.size() > 1) return;
    *number = slots.front();
    slots = {};
    free_sets_.push_back(set);
}

std::span<const std::uint32_t> Postings::slots(Mark mark) const {
    const auto* number = marks_.find(mark, any);
    if (number == nullptr) return {};
    if ((*number & in_set) == 0) return {number, 1};
    return sets_[*number & ~in_set];
}

std::uint32_t* Contents::place(std::string_view namespace_name, std::string_view name) {
    return places_.find(hash(MarkOf::place, namespace_name, name), [&](std::uint32_t slot) {
        return slots_[slot]->name() == name && slots_[slot]->namespace_name() == namespace_name;
    });
}

kube::ObjectPtr Contents::find(std::string_view namespace_name, std::string_view name) const {
    const auto* slot = const_cast<Contents*>(this)->place(namespace_name, name);
    return slot != nullptr ? slots_[*slot] : nullptr;
}

void Contents::post(std::uint32_t slot, const Marks& before, const Marks& after) {
    if (before == after) return;
    for (const Mark mark : before) {
        if (!std::binary_search(after.begin(), after.end(), mark)) postings_.remove(mark, slot);
    }
    for (const Mark mark : after) {
        if (!std::binary_search(before.begin(), before.end(), mark)) postings_.add(mark, slot);
    }
}

kube::ObjectPtr Contents::put(kube::ObjectPtr object, const Marks& before, const Marks& after) {
    bytes_ += object->json().size();
    if (const auto* found = place(object->namespace_name(), object->name())) {
        const auto slot = *found;
        bytes_ -= slots_[slot]->json().size();
        post(slot, before, after);
        return std::exchange(slots_[slot], std::move(object));
    }
    auto slot = static_cast<std::uint32_t>(slots_.size());
    if (free_slots_.empty()) {
        slots_.emplace_back();
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
    }
    places_.insert(hash(MarkOf::place, object->namespace_name(), object->name()), slot);
    slots_[slot] = std::move(object);
    ++size_;
    post(slot, {}, after);
    return nullptr;
}

kube::ObjectPtr Contents::erase(std::string_view namespace_name, std::string_view name, const Marks& before) {
    auto* found = place(namespace_name, name);
    if (found == nullptr) return nullptr;
    const auto slot = *found;
    places_.erase(found);
    post(slot, before, {});
    auto object = std::exchange(slots_[slot], nullptr);
    free_slots_.push_back(slot);
    bytes_ -= object->json().size();
    --size_;
    return object;
}

std::vector<kube::ObjectPtr> Contents::marked(Mark mark, std::optional<Mark> another) const {
    auto fewer = postings_.slots(mark);
    std::vector<kube::ObjectPtr> objects;
    if (!another) {
        for (const auto slot : fewer) objects.push_back(slots_[slot]);
        return objects;
    }
    auto more = postings_.slots(*another);
    if (more.size() < fewer.size()) std::swap(fewer, more);
    for (const auto slot : fewer) {
        if (std::binary_search(more.begin(), more.end(), slot)) objects.push_back(slots_[slot]);
    }
    return objects;
}

}  // namespace moontide::cache
