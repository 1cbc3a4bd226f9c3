// What a watch brings, filtered, on its way into a Store.
#pragma once

#include "base/result.hpp"
#include "cache/store.hpp"
#include "kube/object.hpp"
#include "kube/resource.hpp"
#include "watch/ingest.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::cache {

/// The one writer of a Store: parses each object once, asks the filter, keeps or forgets it, and tells what changed.
/// Ingest thread only. An object that the filter no longer takes leaves the store and is told as gone.
class Feed final : public watch::Consumer {
public:
    using Filter = std::function<bool(const kube::Metadata&)>;
    using Listener = std::function<void(const Change&)>;
    using Synced = std::function<void(bool first)>;

    /// `listener` is called for each change, a relist's after its swap; `synced` after each whole list. Objects that
    /// come without apiVersion and kind, as items of a typed list do, are kept with those of `kind`.
    Feed(Store& store, kube::Kind kind, Filter filter, Listener listener, Synced synced);
    ~Feed() override;

    /// A wider filter; what it takes beyond the old one is not there until backfill() has brought it. Deletions are
    /// remembered from now until every backfill is in. Each widen() is answered by one backfill().
    void widen(Filter filter);
    /// The objects of one list of the new scope, read at or after the position() of widen(): each goes in unless the
    /// store has a later version or saw its deletion at a later one. False where a relist that began before widen()
    /// overtook the list: nothing was taken; list again, at or after position(), and call again.
    [[nodiscard]] bool backfill(const std::vector<std::string>& objects_json, kube::ResourceVersion list_version);

    void relist_begun() override;
    void listed(std::string_view object_json) override;
    void relisted(kube::ResourceVersion version) override;
    void relist_abandoned() override;
    void changed(watch::EventType type, std::string_view object_json) override;
    void progressed(kube::ResourceVersion version) override;
    void listed_with(const kube::Metadata& metadata, std::string_view object_json) override;
    void changed_with(watch::EventType type, const kube::Metadata& metadata, std::string_view object_json) override;

    /// The version up to which everything is in.
    kube::ResourceVersion position() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::cache
