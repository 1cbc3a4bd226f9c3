#include "cache/listing.hpp"

#include <algorithm>
#include <utility>

namespace moontide::cache {

bool before_in_list(const kube::Object& a, const kube::Object& b) {
    const int order = a.namespace_name().compare(b.namespace_name());
    return order != 0 ? order < 0 : a.name() < b.name();
}

Listing::Discarded Listing::note(kube::ObjectPtr object, bool gone, std::size_t size) {
    if (!base_ && !making_) return {};
    deltas_.push_back({std::move(object), gone});
    // A list that nobody asks for any more must not keep old objects alive.
    if (deltas_.size() > 64 && deltas_.size() > size / 4) return reset();
    return {};
}

Listing::Discarded Listing::reset() {
    making_ = false;
    return {std::exchange(base_, nullptr), std::exchange(deltas_, {})};
}

Listing::Recipe Listing::take(const Contents& contents) {
    Recipe recipe{base_, std::exchange(deltas_, {}), {}};
    if (!recipe.base) {
        recipe.all.reserve(contents.size());
        contents.for_each([&](const kube::ObjectPtr& object) { recipe.all.push_back(object); });
    }
    making_ = true;
    return recipe;
}

std::shared_ptr<const ObjectList> Listing::made(std::shared_ptr<const ObjectList> list) {
    if (std::exchange(making_, false)) std::swap(base_, list);
    return list;
}

ObjectList make_list(Listing::Recipe recipe) {
    const auto by_place = [](const auto& a, const auto& b) { return before_in_list(*a, *b); };
    if (!recipe.base) {
        std::sort(recipe.all.begin(), recipe.all.end(), by_place);
        return std::move(recipe.all);
    }
    auto& deltas = recipe.deltas;
    std::stable_sort(deltas.begin(), deltas.end(),
                     [&](const auto& a, const auto& b) { return by_place(a.object, b.object); });
    ObjectList list;
    list.reserve(recipe.base->size() + deltas.size());
    auto old = recipe.base->begin();
    for (auto delta = deltas.begin(); delta != deltas.end(); ++delta) {
        const auto next = std::next(delta);
        if (next != deltas.end() && !by_place(delta->object, next->object)) continue;  // changed again later
        while (old != recipe.base->end() && by_place(*old, delta->object)) list.push_back(*old++);
        if (old != recipe.base->end() && !by_place(delta->object, *old)) ++old;
        if (!delta->gone) list.push_back(delta->object);
    }
    list.insert(list.end(), old, recipe.base->end());
    return list;
}

}  // namespace moontide::cache
