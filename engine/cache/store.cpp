#include "cache/store.hpp"

#include "cache/store_implementation.hpp"

#include <algorithm>
#include <utility>

namespace moontide::cache {

kube::ObjectPtr Store::Implementation::put(const kube::ObjectPtr& object, const Marks& after) {
    const auto existing = contents.find(object->namespace_name(), object->name());
    const Marks before = existing ? marks_of(*existing) : Marks{};
    Listing::Discarded discarded;
    std::unique_lock lock(mutex);
    contents.put(object, before, after);
    discarded = listing.note(object, false, contents.size());
    return existing;
}

kube::ObjectPtr Store::Implementation::erase(std::string_view namespace_name, std::string_view name) {
    auto existing = contents.find(namespace_name, name);
    if (!existing) return nullptr;
    const Marks before = marks_of(*existing);
    Listing::Discarded discarded;
    std::unique_lock lock(mutex);
    contents.erase(namespace_name, name, before);
    discarded = listing.note(existing, true, contents.size());
    return existing;
}

void Store::Implementation::swap(Contents next) {
    Listing::Discarded discarded;
    std::unique_lock lock(mutex);
    std::swap(contents, next);
    discarded = listing.reset();
    synced = true;
}

Store::Store() : self_(std::make_unique<Implementation>()) {}
Store::~Store() = default;

kube::ObjectPtr Store::find(std::string_view namespace_name, std::string_view name) const {
    std::shared_lock lock(self_->mutex);
    return self_->contents.find(namespace_name, name);
}

std::shared_ptr<const std::vector<kube::ObjectPtr>> Store::all() const {
    {
        std::shared_lock lock(self_->mutex);
        if (auto list = self_->listing.current()) return list;
    }
    std::scoped_lock making(self_->list_mutex);
    Listing::Recipe recipe;
    {
        std::unique_lock lock(self_->mutex);
        if (auto list = self_->listing.current()) return list;
        recipe = self_->listing.take(self_->contents);
    }
    auto list = std::make_shared<const ObjectList>(make_list(std::move(recipe)));
    std::shared_ptr<const ObjectList> before;
    std::unique_lock lock(self_->mutex);
    before = self_->listing.made(list);
    return list;
}

std::vector<kube::ObjectPtr> Store::in_namespace(std::string_view namespace_name) const {
    std::vector<kube::ObjectPtr> objects;
    {
        std::shared_lock lock(self_->mutex);
        objects = self_->contents.marked(namespace_mark(namespace_name));
    }
    std::erase_if(objects, [&](const auto& object) { return object->namespace_name() != namespace_name; });
    return objects;
}

std::vector<kube::ObjectPtr> Store::with_label(std::string_view key, std::string_view value,
                                               std::optional<std::string_view> namespace_name) const {
    const auto in = namespace_name ? std::optional(namespace_mark(*namespace_name)) : std::nullopt;
    std::shared_lock lock(self_->mutex);
    return self_->contents.marked(label_mark(key, value), in);
}

std::vector<kube::ObjectPtr> Store::owned_by(std::string_view owner_uid) const {
    std::vector<kube::ObjectPtr> objects;
    {
        std::shared_lock lock(self_->mutex);
        objects = self_->contents.marked(owner_mark(owner_uid));
    }
    thread_local kube::Reader reader;
    std::erase_if(objects, [&](const kube::ObjectPtr& object) {
        const auto metadata = reader.metadata(object->json());
        return !metadata || std::ranges::find(metadata->owner_uids, owner_uid) == metadata->owner_uids.end();
    });
    return objects;
}

std::size_t Store::size() const {
    std::shared_lock lock(self_->mutex);
    return self_->contents.size();
}

bool Store::synced() const {
    std::shared_lock lock(self_->mutex);
    return self_->synced;
}

std::size_t Store::bytes() const {
    std::shared_lock lock(self_->mutex);
    return self_->contents.bytes();
}

}  // namespace moontide::cache
