#include "sync/owner_sources.hpp"

#include "base/log.hpp"
#include "sync/owner_backfill.hpp"
#include "sync/sources.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {
/// A watch that nobody needs any more stays for so long: an owner that is made anew needs it again.
constexpr Milliseconds unused_for{10'000};

/// A label that whatever the selection takes has with one of some values; null where there is none.
const kube::Requirement* narrowing(const policy::Selection& selection) {
    if (!selection.selector) return nullptr;
    const auto& all = selection.selector->requirements();
    const auto found = std::ranges::find(all, kube::Requirement::Operator::in, &kube::Requirement::operation);
    return found == all.end() ? nullptr : &*found;
}

/// All that the selection takes in that namespace, or in all, and maybe more.
std::vector<kube::ObjectPtr> candidates(const cache::Store& store, const policy::Selection& selection,
                                        std::optional<std::string_view> where) {
    const auto* label = narrowing(selection);
    if (label == nullptr) return where ? store.in_namespace(*where) : *store.all();
    std::vector<kube::ObjectPtr> found;
    for (const auto& value : label->values) {
        const auto with_value = store.with_label(label->key, value, where);
        found.insert(found.end(), with_value.begin(), with_value.end());
    }
    return found;
}

}  // namespace

/// One kind's watch over all namespaces, filtered to what owners select.
struct OwnerSources::Kind {
    explicit Kind(kube::Kind of) : kind(std::move(of)) {}

    const kube::Kind kind;
    cache::Store store;
    Guarded<std::optional<kube::Resource>> resource;
    Guarded<std::string> trouble;
    std::atomic<watch::WatchId> watch{0};

    // Ingest thread.
    enum class State { idle, starting, listing, synced };
    State state = State::idle;
    bool ended = false;
    Selections selections;
    std::unique_ptr<cache::Feed> feed;
    std::set<Selections::Id> in;          // of the selections: what the store has all of
    std::set<Selections::Id> listed;      // those that the first list has all of
    std::set<Selections::Id> waiting;     // to be read by a backfill
    std::set<Selections::Id> backfilled;  // by the one under way
    bool flushing = false;
};

OwnerSources::OwnerSources(Board& board, Loop& io, Hooks hooks) : board_(board), io_(io), hooks_(std::move(hooks)) {}

OwnerSources::~OwnerSources() = default;

void OwnerSources::select(plan::UnitId owner, SelectedPtr selected) {
    {
        // From now on, so that nobody takes it for settled before the ingest thread has it.
        std::scoped_lock lock(mutex_);
        awaiting_.try_emplace(owner);
    }
    board_.ingest->post([this, owner, selected = std::move(selected)]() mutable { take(owner, std::move(selected)); });
}

void OwnerSources::withdraw(plan::UnitId owner) {
    {
        std::scoped_lock lock(mutex_);
        in_force_.erase(owner);
    }
    board_.ingest->post([this, owner] { drop(owner); });
}

SelectedPtr OwnerSources::selected(plan::UnitId owner) const {
    std::scoped_lock lock(mutex_);
    const auto found = in_force_.find(owner);
    return found == in_force_.end() ? nullptr : found->second;
}

kube::ObjectPtr OwnerSources::find(const kube::Ref& ref) const {
    std::shared_ptr<Kind> kind;
    {
        std::scoped_lock lock(mutex_);
        const auto found = kinds_.find(ref.kind);
        if (found == kinds_.end()) return nullptr;
        kind = found->second;
    }
    return kind->store.find(ref.namespace_name, ref.name);
}

std::optional<kube::Resource> OwnerSources::resource(const kube::Kind& kind) const {
    std::scoped_lock lock(mutex_);
    const auto found = kinds_.find(kind);
    if (found == kinds_.end()) return std::nullopt;
    return found->second->resource.with([](const auto& resource) { return resource; });
}

bool OwnerSources::settled() const {
    std::vector<plan::UnitId> waiting;
    {
        std::scoped_lock lock(mutex_);
        for (const auto& [owner, kinds] : awaiting_) waiting.push_back(owner);
    }
    return std::ranges::none_of(waiting, [this](plan::UnitId owner) { return trouble(owner).empty(); });
}

std::string OwnerSources::trouble(plan::UnitId owner) const {
    std::vector<std::shared_ptr<Kind>> kinds;
    {
        std::scoped_lock lock(mutex_);
        const auto found = awaiting_.find(owner);
        if (found == awaiting_.end()) return {};
        for (const auto& kind : found->second) {
            if (const auto known = kinds_.find(kind); known != kinds_.end()) kinds.push_back(known->second);
        }
    }
    for (const auto& kind : kinds) {
        auto text = kind->trouble.with([](const auto& known) { return known; });
        if (text.empty() && kind->watch != 0) {
            for (const auto& health : board_.ingest->health()) {
                if (health.id == kind->watch && !health.synced) text = health.last_error;
            }
        }
        if (!text.empty()) return kind->kind.kind + ": " + text;
    }
    return {};
}

OwnerSources::Kind& OwnerSources::kind_of(const kube::Kind& name) {
    std::scoped_lock lock(mutex_);
    auto& kind = kinds_[name];
    if (!kind) kind = std::make_shared<Kind>(name);
    return *kind;
}

void OwnerSources::take(plan::UnitId id, SelectedPtr selected) {
    auto& owner = owners_[id];
    const auto before = std::move(owner.to_hold);
    owner.to_hold.clear();
    owner.awaited.clear();
    for (const auto& selection : selected->from) {
        for (const auto& name : selection.kinds) {
            auto& kind = kind_of(name);
            const auto [selection_id, is_new] = kind.selections.add(selection, id);
            owner.to_hold.emplace(name, selection_id);
            if (is_new) begin(kind, selection_id);
            if (!kind.in.contains(selection_id)) owner.awaited.emplace(name, selection_id);
        }
    }
    release(id, before, owner.to_hold);
    owner.next = std::move(selected);
    {
        std::scoped_lock lock(mutex_);
        auto& kinds = awaiting_[id];
        kinds.clear();
        for (const auto& [kind, selection] : owner.awaited) kinds.insert(kind);
    }
    if (owner.awaited.empty()) complete(id, owner);
}

void OwnerSources::drop(plan::UnitId id) {
    const auto found = owners_.find(id);
    if (found != owners_.end()) {
        const auto owner = std::move(found->second);
        owners_.erase(found);
        release(id, owner.held, {});
        release(id, owner.to_hold, {});
    }
    std::scoped_lock lock(mutex_);
    awaiting_.erase(id);
    in_force_.erase(id);
}

/// What the owner neither has in force nor waits for.
void OwnerSources::release(plan::UnitId id, const std::set<Held>& held, const std::set<Held>& but) {
    const auto owner = owners_.find(id);
    for (const auto& one : held) {
        if (but.contains(one)) continue;
        if (owner != owners_.end() && owner->second.held.contains(one)) continue;
        auto& kind = kind_of(one.first);
        if (!kind.selections.remove(one.second, id)) continue;
        kind.in.erase(one.second);
        kind.waiting.erase(one.second);
        if (kind.selections.size() > 0) continue;
        board_.ingest->after(unused_for, [this, name = one.first] { end_if_unused(name); });
    }
}

void OwnerSources::end_if_unused(const kube::Kind& name) {
    std::shared_ptr<Kind> kind;
    {
        std::scoped_lock lock(mutex_);
        const auto found = kinds_.find(name);
        if (found == kinds_.end() || found->second->selections.size() > 0 || !found->second->feed) return;
        kind = found->second;
        kinds_.erase(found);
    }
    kind->ended = true;
    board_.ingest->remove(kind->watch, [kind] { kind->feed.reset(); });
}

void OwnerSources::begin(Kind& kind, Selections::Id id) {
    kind.waiting.insert(id);
    const auto self = shared(kind);
    if (kind.state == Kind::State::idle) {
        kind.state = Kind::State::starting;
        start(self);
    } else if (kind.state == Kind::State::synced && !std::exchange(kind.flushing, true)) {
        board_.ingest->after(board_.options.together, [this, self] { flush(self); });
    }
}

void OwnerSources::start(const std::shared_ptr<Kind>& kind) {
    io_.post([this, kind] {
        if (board_.stopping) return;
        board_.client->resolve(kind->kind, [this, kind](Result<std::optional<kube::Resource>> found) {
            if (board_.stopping) return;
            if (!found || !*found) {
                const auto why = found ? "not installed" : found.error().message;
                const bool is_new = kind->trouble.with([&](auto& text) { return std::exchange(text, why) != why; });
                if (is_new)
                    log::warn("cannot watch a kind of sources yet", {{"kind", kind->kind.kind}, {"message", why}});
                board_.ingest->after(board_.options.kinds_again, [this, kind] { start(kind); });
                return;
            }
            kind->trouble.with([](auto& text) { text.clear(); });
            kind->resource.with([&](auto& resource) { resource = **found; });
            board_.ingest->after(board_.options.together, [this, kind, resource = **found] { watch(kind, resource); });
        });
    });
}

void OwnerSources::watch(const std::shared_ptr<Kind>& kind, const kube::Resource& resource) {
    kind->state = Kind::State::listing;
    kind->listed = std::exchange(kind->waiting, {});
    kind->feed = std::make_unique<cache::Feed>(
        kind->store, kind->kind,
        [kind = kind.get()](const kube::Metadata& object) { return kind->selections.any(object); },
        [this, kind = kind.get()](const cache::Change& change) { took(*kind, change); },
        [this, kind = kind.get()](bool first) { synced(*kind, first); });
    kind->watch = board_.ingest->add({resource, {}, {}, {}, false}, *kind->feed);
}

void OwnerSources::synced(Kind& kind, bool first) {
    for (const auto policy : std::exchange(vanished_, {})) hooks_.vanished(policy);
    if (!first) return;
    kind.state = Kind::State::synced;
    came_in(kind, std::exchange(kind.listed, {}));
    if (kind.waiting.empty() || std::exchange(kind.flushing, true)) return;
    board_.ingest->post([this, self = shared(kind)] { flush(self); });
}

std::shared_ptr<OwnerSources::Kind> OwnerSources::shared(const Kind& kind) const {
    std::scoped_lock lock(mutex_);
    return kinds_.at(kind.kind);
}

void OwnerSources::flush(const std::shared_ptr<Kind>& kind) {
    if (kind->ended) return;
    kind->backfilled = std::exchange(kind->waiting, {});
    if (kind->backfilled.empty()) {
        kind->flushing = false;
        return;
    }
    kind->feed->widen([kind = kind.get()](const kube::Metadata& object) { return kind->selections.any(object); });
    backfill(kind);
}

/// The selections that are new, read at or after where the watch is.
void OwnerSources::backfill(const std::shared_ptr<Kind>& kind) {
    const auto resource = *kind->resource.with([](const auto& known) { return known; });
    std::set<watch::Scope> scopes;
    for (const auto id : kind->backfilled) {
        if (!kind->selections.contains(id)) continue;
        for (auto& scope : scopes_of(kind->selections.get(id), resource)) scopes.insert(std::move(scope));
    }
    read_scopes(board_, io_, fewer(std::move(scopes)), kind->feed->position(), [this, kind](Backfill read) {
        if (kind->ended) return;
        if (!kind->feed->backfill(read.objects, read.version)) return backfill(kind);
        came_in(*kind, std::exchange(kind->backfilled, {}));
        flush(kind);
    });
}

void OwnerSources::came_in(Kind& kind, const std::set<Selections::Id>& ids) {
    for (const auto id : ids) {
        if (kind.selections.contains(id)) kind.in.insert(id);
    }
    std::vector<plan::UnitId> complete_now;
    for (auto& [id, owner] : owners_) {
        if (!owner.next || owner.awaited.empty()) continue;
        std::erase_if(owner.awaited,
                      [&](const auto& held) { return held.first == kind.kind && ids.contains(held.second); });
        if (owner.awaited.empty()) complete_now.push_back(id);
    }
    for (const auto id : complete_now) complete(id, owners_.at(id));
}

std::set<kube::Ref> OwnerSources::means_now(const RunningPolicy& running, const Selected& selected) {
    std::set<kube::Ref> refs;
    const auto consider = [&](const policy::Selection& selection, const kube::Kind& kind,
                              const kube::ObjectPtr& object) {
        if (!object) return;
        const auto metadata = reader_.metadata(object->json());
        if (!metadata || !selection.matches(*metadata) || !may_be_source(board_, running, *metadata)) return;
        refs.insert({kind, std::string(object->namespace_name()), std::string(object->name())});
    };
    for (const auto& selection : selected.from) {
        const auto* namespaces = exact(selection.namespaces);
        const auto* names = exact(selection.names);
        for (const auto& name : selection.kinds) {
            const auto& store = kind_of(name).store;
            if (namespaces == nullptr) {
                for (const auto& object : candidates(store, selection, {})) consider(selection, name, object);
                continue;
            }
            for (const auto& where : *namespaces) {
                if (names != nullptr) {
                    for (const auto& one : *names) consider(selection, name, store.find(where.text, one.text));
                } else {
                    for (const auto& object : candidates(store, selection, where.text)) {
                        consider(selection, name, object);
                    }
                }
            }
        }
    }
    return refs;
}

void OwnerSources::complete(plan::UnitId id, Owner& owner) {
    const auto selected = std::exchange(owner.next, nullptr);
    const auto before = std::exchange(owner.held, std::exchange(owner.to_hold, {}));
    release(id, before, owner.held);
    {
        std::scoped_lock lock(mutex_);
        in_force_[id] = selected;
        awaiting_.erase(id);
    }
    const auto unit = board_.units.get(id);
    const auto* running = unit ? board_.running(unit->policy) : nullptr;
    if (running == nullptr) return;
    std::vector<plan::UnitId> units;
    bool vanished = false;
    plan::Bond bond;
    bond.policy = unit->bond.policy;
    bond.owner = unit->bond.owner;
    bond.owner_uid = selected->owner->uid();
    std::set<plan::UnitId> present;
    const auto refs =
        running->shape().owner_is_source ? std::set<kube::Ref>{bond.owner} : means_now(*running, *selected);
    for (const auto& ref : refs) {
        bond.source = ref;
        const auto source = board_.units.id(bond, unit->policy);
        present.insert(source);
        board_.units.change(source, [&](Unit& known) {
            ++known.generation;
            known.presence = Presence::present;
        });
        board_.policies[unit->policy]->gate.returned(source);
    }
    for (const auto one : board_.units.of_owner(id)) {
        units.push_back(one);
        if (present.contains(one)) continue;
        board_.units.change(one, [&](Unit& known) {
            ++known.generation;
            if (!known.bond.group.empty()) return;
            const bool unseen = known.presence == Presence::unknown || known.presence == Presence::vanished;
            if (!unseen) {
                if (known.presence == Presence::present) known.presence = Presence::deleted;
            } else if (could_be_source(selected->from, known.bond.source)) {
                known.presence = Presence::vanished;
                board_.policies[unit->policy]->gate.vanished(one);
                vanished = true;
            } else {
                known.presence = Presence::deleted;  // its owner has changed its mind
            }
        });
    }
    if (vanished && running->looked) hooks_.vanished(unit->policy);
    hooks_.completed(id, units);
    board_.stirred();
}

void OwnerSources::took(Kind& kind, const cache::Change& change) {
    const auto& object = change.after ? change.after : change.before;
    const kube::Ref ref{kind.kind, std::string(object->namespace_name()), std::string(object->name())};
    std::set<plan::UnitId> owners;
    if (change.before) {
        if (const auto metadata = reader_.metadata(change.before->json()))
            owners = kind.selections.owners_of(*metadata);
    }
    std::optional<kube::Metadata> now;
    if (change.after) {
        if (const auto metadata = reader_.metadata(change.after->json())) {
            now = *metadata;
            owners.merge(kind.selections.owners_of(*metadata));
        }
    }
    for (const auto id : owners) {
        const auto force = selected(id);
        const auto owner = force ? board_.units.get(id) : std::nullopt;
        if (!owner) continue;
        auto& running = *board_.policies[owner->policy];
        const bool is_source = now && means(force->from, kind.kind, *now) && may_be_source(board_, running, *now);
        plan::Bond bond;
        bond.policy = owner->bond.policy;
        bond.owner = owner->bond.owner;
        bond.owner_uid = owner->bond.owner_uid;
        bond.source = ref;
        if (!is_source && !board_.units.find(bond)) continue;
        const auto unit = board_.units.id(bond, owner->policy);
        bool vanished = false;
        board_.units.change(unit, [&](Unit& known) {
            ++known.generation;
            if (is_source) {
                known.presence = Presence::present;
            } else if (change.by_relist || kind_may_leave(kind.kind)) {
                known.presence = Presence::vanished;
                vanished = change.by_relist;
            } else if (known.presence != Presence::proven) {
                known.presence = Presence::deleted;
            }
        });
        if (vanished) {
            running.gate.vanished(unit);  // the end of this relist concludes
            vanished_.insert(owner->policy);
        } else {
            running.gate.returned(unit);
            if (running.ready) board_.queue.add({unit, 0});
        }
    }
}

}  // namespace moontide::sync
