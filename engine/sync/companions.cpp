#include "sync/companions.hpp"

#include "base/log.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace moontide::sync {

/// One kind's watch over all namespaces, filtered to what was asked for.
struct Companions::Kind {
    kube::Kind kind;
    kube::Resource resource;  // set before the watch begins
    cache::Store store;
    std::unique_ptr<cache::Feed> feed;  // ingest thread
    bool starting = false;              // guarded by the mutex, as all below
    bool synced = false;
    std::set<std::pair<std::string, std::string>, std::less<>> wanted;   // namespace, name
    std::set<std::pair<std::string, std::string>, std::less<>> present;  // of these, what the store would have
};

Companions::Companions(Board& board, Loop& io) : board_(board), io_(io) {}

Companions::~Companions() = default;

Companions::Kind& Companions::kind_of(const kube::Ref& ref) {
    auto& kind = kinds_[ref.kind];
    if (!kind) {
        kind = std::make_unique<Kind>();
        kind->kind = ref.kind;
    }
    return *kind;
}

void Companions::ask(const kube::Ref& ref, plan::UnitId unit, plan::NameId namespace_name) {
    std::scoped_lock lock(mutex_);
    askers_[ref].emplace(unit, namespace_name);
    asked_[unit].insert(ref);
}

void Companions::forget(plan::UnitId unit) {
    std::scoped_lock lock(mutex_);
    const auto asked = asked_.extract(unit);
    if (asked.empty()) return;
    for (const auto& ref : asked.mapped()) {
        const auto entry = askers_.find(ref);
        auto& askers = entry->second;
        const auto first = askers.lower_bound({unit, 0});
        askers.erase(first, std::find_if(first, askers.end(), [&](const auto& asker) { return asker.first != unit; }));
        if (askers.empty()) askers_.erase(entry);
    }
}

void Companions::complete(plan::UnitId unit) {
    std::scoped_lock lock(mutex_);
    const auto asked = asked_.find(unit);
    if (asked == asked_.end()) return;
    for (const auto& ref : asked->second) askers_.at(ref).erase({unit, 0});
}

bool Companions::synced() const {
    std::scoped_lock lock(mutex_);
    for (const auto& [name, kind] : kinds_) {
        if (kind->wanted.size() != kind->present.size()) return false;
    }
    return true;
}

Companions::Answer Companions::find(const kube::Ref& ref) {
    std::scoped_lock lock(mutex_);
    auto& kind = kind_of(ref);
    const std::pair key{ref.namespace_name, ref.name};
    if (kind.synced && kind.present.contains(key)) return {true, kind.store.find(ref.namespace_name, ref.name)};
    if (kind.wanted.insert(key).second) {
        if (!kind.starting) {
            kind.starting = true;
            start(kind);
        } else if (kind.synced) {
            fetch(kind, ref);
        }
    }
    return {};
}

void Companions::stir(const kube::Ref& ref) {
    std::scoped_lock lock(mutex_);
    const auto found = askers_.find(ref);
    if (found == askers_.end()) return;
    for (const auto& [unit, namespace_name] : found->second) {
        board_.queue.add({unit, namespace_name});
    }
}

void Companions::start(Kind& kind) {
    io_.post([this, &kind] {
        board_.client->resolve(kind.kind, [this, &kind](Result<std::optional<kube::Resource>> resolved) {
            if (board_.stopping) return;
            if (!resolved || !*resolved) {
                log::warn(
                    "cannot watch what `with` asks for yet",
                    {{"kind", kind.kind.kind}, {"message", resolved ? "not installed" : resolved.error().message}});
                io_.after(Milliseconds(10'000), [this, &kind] { start(kind); });
                return;
            }
            const auto changed = [this, &kind](const cache::Change& change) {
                const auto& object = change.after ? *change.after : *change.before;
                stir({kind.kind, std::string(object.namespace_name()), std::string(object.name())});
            };
            const auto synced = [this, &kind](bool) {
                std::vector<kube::Ref> answered;
                {
                    std::scoped_lock lock(mutex_);
                    kind.synced = true;
                    for (const auto& key : kind.wanted) {
                        if (kind.present.insert(key).second) answered.push_back({kind.kind, key.first, key.second});
                    }
                }
                for (const auto& ref : answered) stir(ref);
            };
            board_.ingest->post([this, &kind, resource = **resolved, changed, synced] {
                kind.resource = resource;
                kind.feed = std::make_unique<cache::Feed>(kind.store, kind.kind, filter_of(kind), changed, synced);
                board_.ingest->add({resource, {}, {}, {}, false}, *kind.feed);
            });
        });
    });
}

/// What was filtered out so far is read once, at or after where the watch is; the filter already takes it.
void Companions::fetch(Kind& kind, const kube::Ref& ref) {
    board_.ingest->post([this, &kind, ref] {
        kind.feed->widen(filter_of(kind));
        list(kind, ref, kind.feed->position());
    });
}

void Companions::list(Kind& kind, const kube::Ref& ref, kube::ResourceVersion from) {
    io_.post([this, &kind, ref, from] {
        kube::Call call;
        call.path = kube::path(kind.resource, ref.namespace_name) + "?fieldSelector=metadata.name%3D" +
                    kube::percent_encoded(ref.name) +
                    "&resourceVersionMatch=NotOlderThan&resourceVersion=" + std::to_string(from);
        board_.client->send(std::move(call), [this, &kind, ref, from](Result<kube::Answer> answer) {
            if (!answer || !answer->ok()) {
                if (!board_.stopping)
                    io_.after(Milliseconds(1'000), [this, &kind, ref, from] { list(kind, ref, from); });
                return;
            }
            board_.ingest->post([this, &kind, ref, body = std::move(answer->body)] { listed(kind, ref, body); });
        });
    });
}

void Companions::listed(Kind& kind, const kube::Ref& ref, const std::string& body) {
    std::vector<std::string> objects;
    const auto list_json = nlohmann::json::parse(body, nullptr, false);
    kube::ResourceVersion version = 0;
    if (list_json.is_object()) {
        for (const auto& item : list_json.value("items", nlohmann::json::array())) objects.push_back(item.dump());
        const auto metadata = list_json.value("metadata", nlohmann::json::object());
        version = kube::parse_resource_version(metadata.value("resourceVersion", "")).value_or(0);
    }
    if (!kind.feed->backfill(objects, version)) {
        list(kind, ref, kind.feed->position());
        return;
    }
    {
        std::scoped_lock lock(mutex_);
        kind.present.insert(std::pair(ref.namespace_name, ref.name));
    }
    stir(ref);
}

cache::Feed::Filter Companions::filter_of(Kind& kind) {
    return [this, &kind](const kube::Metadata& metadata) {
        std::scoped_lock lock(mutex_);
        return kind.wanted.contains(std::pair(std::string(metadata.namespace_name), std::string(metadata.name)));
    };
}

}  // namespace moontide::sync
