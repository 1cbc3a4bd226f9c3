// What the parts of a sync share: the one cluster, its policies, and what is known of both.
#pragma once

#include "apply/applier.hpp"
#include "base/guarded.hpp"
#include "cache/feed.hpp"
#include "cache/store.hpp"
#include "plan/have.hpp"
#include "plan/names.hpp"
#include "policy/policy.hpp"
#include "queue/queue.hpp"
#include "status/events.hpp"
#include "status/metrics.hpp"
#include "sync.hpp"
#include "sync/foreigners.hpp"
#include "sync/gate.hpp"
#include "sync/units.hpp"
#include "watch/ingest.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace moontide::sync {

class OwnerSources;
class Finalizers;
class Statuses;
class Alive;
class Rows;
struct MarkedCopy;

/// The kinds that copies can have, by number. Any thread; only grows.
class Kinds {
public:
    plan::KindId id(const kube::Resource& resource);
    /// Nothing: not installed, or not asked for yet.
    std::optional<plan::KindId> find(const kube::Kind& kind) const;
    kube::Resource resource(plan::KindId id) const;

private:
    mutable std::mutex mutex_;
    std::vector<kube::Resource> resources_;  // guarded by mutex_
};

/// One watch of sources, and the policies that select from it.
struct SourceFeed {
    watch::Scope scope;
    cache::Store store;
    std::unique_ptr<cache::Feed> feed;
    std::vector<std::size_t> policies;
};

/// A policy at work.
struct RunningPolicy {
    RunningPolicy(std::size_t number, policy::PolicyPtr made, Gate::Limits limits);
    ~RunningPolicy();

    const std::size_t index;
    const policy::PolicyPtr policy;
    const policy::Shape& shape() const { return policy->shape(); }

    /// Any thread. Whether a removal waits for the end of the first look: who else asks for it is not known before.
    bool puts_off(const Gate::Drop& removal);
    /// Any thread, once: what was put off.
    std::set<Gate::Drop> end_first_look();

    std::vector<policy::Selection> from;  // of the sources, or where there are owners of these; set before `ready`
    std::vector<SourceFeed*> feeds;       // set before `ready`
    Gate gate;

    /// Its kinds are installed and its watches begun.
    std::atomic<bool> watching{false};
    /// Its sources, the namespaces and the copies are known: units are evaluated.
    std::atomic<bool> ready{false};
    /// Every unit that the start found has been looked at once.
    std::atomic<bool> looked{false};
    Guarded<std::set<plan::UnitId>> first_look;  // units still to be looked at
    Guarded<std::set<Gate::Drop>> put_off;       // removals; done when `looked`
    Guarded<std::string> waiting_for;            // why it does not watch yet; empty while it does
    /// It waits for the kind of its owners to be installed, so that nobody can have asked for anything.
    std::atomic<bool> unasked{false};
    /// Of the controller that it replaces, found at the start; where it has owners, those that none has claimed yet.
    Guarded<std::vector<MarkedCopy>> marked;
    /// It was told that a kind of its sources is being removed; until a list shows it again.
    std::atomic<bool> kind_has_left{false};
};

/// The queue's name in metrics.
inline constexpr const char* queue_name = "moontide";

/// Shared by the threads of one sync; each member says what guards it.
struct Board {
    Board(SyncOptions chosen, status::Metrics& counted, std::function<void(const Deed&)> told, std::uint64_t seed);
    ~Board();

    const SyncOptions options;
    status::Metrics& metrics;
    const std::function<void(const Deed&)> on_deed;

    std::unique_ptr<kube::Client> client;    // io thread
    std::unique_ptr<Foreigners> foreigners;  // outlives the ingest
    std::unique_ptr<watch::Ingest> ingest;
    std::unique_ptr<apply::Applier> applier;
    std::unique_ptr<status::Events> events;
    std::string cluster;  // uid of kube-system; set before the first policy is ready
    /// By which an engine knows it that may not read namespaces: the uid of a ConfigMap that every API server keeps.
    /// Set with it; empty where it may not be read.
    std::string cluster_too;
    /// Namespaces may not be read: those that policies name are taken to be there, and their own list is not awaited.
    std::atomic<bool> namespaces_hidden{false};

    plan::Names names;
    Kinds kinds;
    Units units;
    Guarded<plan::Have> have;
    queue::Queue queue;
    cache::Store namespaces;
    std::vector<std::unique_ptr<RunningPolicy>> policies;  // fixed before the threads start
    std::vector<std::unique_ptr<SourceFeed>> sources;      // fixed once every policy watches
    std::unique_ptr<OwnerSources> owner_sources;           // set before the threads start
    std::unique_ptr<Finalizers> finalizers;                // set before the threads start
    std::unique_ptr<Statuses> statuses;                    // set before the threads start; none with --dry-run
    std::unique_ptr<Alive> alive;                          // set before the threads start
    std::unique_ptr<Rows> rows;                            // set before the threads start; null: nobody keeps records

    /// GETs that prove a vanished source, lists of marked objects: work that settles later.
    std::atomic<int> inquiries{0};
    std::atomic<bool> stopping{false};

    /// Something that settled() looks at has changed.
    void stirred();
    std::mutex stir_mutex;
    std::condition_variable stir;

    RunningPolicy* running(std::size_t policy) { return policy < policies.size() ? policies[policy].get() : nullptr; }
    policy::Target describe(const plan::TargetKey& target) const;
    /// Whether a claim for that place is for this one: else its object is a clone.
    bool is_here(const plan::Place& place, std::string_view namespace_name, std::string_view name) const;
    /// Null: it is not there.
    kube::ObjectPtr namespace_named(std::string_view name) const;
};

}  // namespace moontide::sync
