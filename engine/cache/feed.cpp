#include "cache/feed.hpp"

#include "base/log.hpp"
#include "cache/store_implementation.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace moontide::cache {

struct Feed::Implementation {
    Implementation(Store::Implementation& of_store, const kube::Kind& kind, Filter first_filter, Listener to_tell,
                   Synced on_synced)
        : inside(of_store),
          type(fmt::format(R"({{"apiVersion":"{}","kind":"{}",)", kind.api_version, kind.kind)),
          filter(std::move(first_filter)),
          listener(std::move(to_tell)),
          synced(std::move(on_synced)) {}

    Store::Implementation& inside;
    const std::string type;  // how the text of an object begins
    std::string typed_text;
    Filter filter;
    Listener listener;
    Synced synced;
    kube::Reader matching;  // its views must outlive the read of the other
    kube::Reader keeping;
    kube::ResourceVersion position = 0;
    std::optional<Contents> relist;

    // While a backfill is awaited:
    std::size_t awaited = 0;
    /// Objects that were not taken or were deleted, by place, and the version of that: a list may still show them as
    /// they were before.
    std::map<std::pair<std::string, std::string>, kube::ResourceVersion> passed;
    bool widened_in_relist = false;          // what the relist under way listed so far went through an older filter
    kube::ResourceVersion covered = 0;       // a relist with all of the filter brought everything up to here
    kube::ResourceVersion overtaken_by = 0;  // a relist with a part of it swept away what older lists could show

    void tell(kube::ObjectPtr before, kube::ObjectPtr after, bool by_relist) {
        if (listener) listener(Change{std::move(before), std::move(after), by_relist});
    }

    void pass(const kube::Metadata& metadata) {
        if (awaited == 0) return;
        auto& version = passed[{std::string(metadata.namespace_name), std::string(metadata.name)}];
        version = std::max(version, metadata.resource_version);
    }

    /// Null, and a line in the log, where the text is not readable.
    kube::ObjectPtr keep(const kube::Metadata& metadata, std::string_view json) {
        const auto brace = json.find('{');
        if (!metadata.typed && brace != std::string_view::npos) {
            typed_text.assign(type).append(json.substr(brace + 1));
            json = typed_text;
        }
        auto object = kube::Object::read(keeping, json);
        if (object) return *object;
        log::warn("An object was left out: " + object.error().message);
        return nullptr;
    }

    std::optional<kube::Metadata> match(std::string_view json) {
        auto metadata = matching.metadata(json);
        if (metadata) return *metadata;
        log::warn("An object was left out: " + metadata.error().message);
        return std::nullopt;
    }

    void take(const kube::Metadata& metadata, std::string_view json) {
        const auto object = keep(metadata, json);
        if (!object) return;
        auto before = inside.put(object, marks_of(metadata));
        tell(std::move(before), object, false);
    }

    void deleted(const kube::Metadata& metadata, std::string_view json) {
        const auto existing = inside.contents.find(metadata.namespace_name, metadata.name);
        if (existing && existing->resource_version() > metadata.resource_version) return;
        pass(metadata);
        if (!existing) return;
        inside.erase(metadata.namespace_name, metadata.name);
        auto last = keep(metadata, json);
        tell(last ? std::move(last) : existing, nullptr, false);
    }

    void written(const kube::Metadata& metadata, std::string_view json) {
        const auto existing = inside.contents.find(metadata.namespace_name, metadata.name);
        if (existing && existing->resource_version() >= metadata.resource_version) return;
        if (filter(metadata)) {
            take(metadata, json);
            return;
        }
        pass(metadata);
        if (!existing) return;
        inside.erase(metadata.namespace_name, metadata.name);
        tell(existing, nullptr, false);
    }

    /// What the store has beyond a list of that version came from a backfill that was ahead of it.
    void carry_over(kube::ResourceVersion version) {
        inside.contents.for_each([&](const kube::ObjectPtr& object) {
            if (object->resource_version() <= version) return;
            const auto listed = relist->find(object->namespace_name(), object->name());
            if (listed && listed->resource_version() >= object->resource_version()) return;
            relist->put(object, listed ? marks_of(*listed) : Marks{}, marks_of(*object));
        });
    }

    std::vector<Change> differences() const {
        std::vector<Change> changes;
        inside.contents.for_each([&](const kube::ObjectPtr& object) {
            if (!relist->find(object->namespace_name(), object->name())) changes.push_back({object, nullptr, true});
        });
        relist->for_each([&](const kube::ObjectPtr& object) {
            auto before = inside.contents.find(object->namespace_name(), object->name());
            if (before && before->resource_version() == object->resource_version()) return;
            changes.push_back({std::move(before), object, true});
        });
        return changes;
    }
};

Feed::Feed(Store& store, kube::Kind kind, Filter filter, Listener listener, Synced synced)
    : self_(std::make_unique<Implementation>(*store.self_, kind, std::move(filter), std::move(listener),
                                             std::move(synced))) {}
Feed::~Feed() = default;

void Feed::widen(Filter filter) {
    self_->filter = std::move(filter);
    ++self_->awaited;
    // Whatever a relist brought went through an older filter than this one.
    self_->overtaken_by = std::max(self_->overtaken_by, std::exchange(self_->covered, 0));
    self_->widened_in_relist = self_->relist.has_value();
}

bool Feed::backfill(const std::vector<std::string>& objects_json, kube::ResourceVersion list_version) {
    if (self_->widened_in_relist || list_version < self_->overtaken_by) return false;
    // A relist at or after the list brought everything already, and what it did not bring is gone.
    const bool needed = list_version > self_->covered;
    for (const auto& json : objects_json) {
        if (!needed) break;
        const auto metadata = self_->match(json);
        if (!metadata || !self_->filter(*metadata)) continue;
        const auto existing = self_->inside.contents.find(metadata->namespace_name, metadata->name);
        if (existing && existing->resource_version() >= metadata->resource_version) continue;
        const auto passed = self_->passed.find({std::string(metadata->namespace_name), std::string(metadata->name)});
        if (passed != self_->passed.end() && passed->second > metadata->resource_version) continue;
        self_->take(*metadata, json);
    }
    if (self_->awaited > 0) --self_->awaited;
    if (self_->awaited == 0) {
        self_->passed.clear();
        self_->covered = 0;
        self_->overtaken_by = 0;
    }
    return true;
}

void Feed::relist_begun() {
    self_->relist.emplace();
    self_->widened_in_relist = false;
}

void Feed::listed(std::string_view object_json) {
    if (const auto metadata = self_->match(object_json)) listed_with(*metadata, object_json);
}

void Feed::listed_with(const kube::Metadata& metadata, std::string_view object_json) {
    if (!self_->relist || !self_->filter(metadata)) return;
    auto object = self_->inside.contents.find(metadata.namespace_name, metadata.name);
    // The same version is the same object: readers keep the one that they have.
    if (!object || object->resource_version() != metadata.resource_version) object = self_->keep(metadata, object_json);
    if (!object) return;
    const auto listed = self_->relist->find(metadata.namespace_name, metadata.name);
    self_->relist->put(object, listed ? marks_of(*listed) : Marks{}, marks_of(metadata));
}

void Feed::relisted(kube::ResourceVersion version) {
    if (!self_->relist) return;
    self_->carry_over(version);
    const auto changes = self_->differences();
    const bool first = !self_->inside.synced;
    self_->inside.swap(std::move(*self_->relist));
    self_->relist.reset();
    if (self_->widened_in_relist) {
        self_->overtaken_by = version;
        self_->widened_in_relist = false;
    } else if (self_->awaited > 0) {
        self_->covered = version;
    }
    self_->position = version;
    for (const auto& change : changes) self_->tell(change.before, change.after, change.by_relist);
    if (self_->synced) self_->synced(first);
}

void Feed::relist_abandoned() {
    self_->relist.reset();
    self_->widened_in_relist = false;
}

void Feed::changed(watch::EventType type, std::string_view object_json) {
    if (const auto metadata = self_->match(object_json)) changed_with(type, *metadata, object_json);
}

void Feed::changed_with(watch::EventType type, const kube::Metadata& metadata, std::string_view object_json) {
    if (type == watch::EventType::deleted) {
        self_->deleted(metadata, object_json);
    } else {
        self_->written(metadata, object_json);
    }
    progressed(metadata.resource_version);
}

void Feed::progressed(kube::ResourceVersion version) {
    self_->position = std::max(self_->position, version);
}

kube::ResourceVersion Feed::position() const {
    return self_->position;
}

}  // namespace moontide::cache
