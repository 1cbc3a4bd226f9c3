#include "sync/activation.hpp"

#include "base/log.hpp"
#include "sync/marked.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/proof.hpp"
#include "sync/sources.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

/// Policies that cannot be looked at yet hold the others up no longer than this.
constexpr Milliseconds patience{5'000};

const kube::Kind namespace_kind{"v1", "Namespace"};

/// What the policy's own watches bring: its owners, or where the sources are their own these.
Result<std::vector<policy::Selection>> watched_by(const RunningPolicy& running) {
    const auto evaluator = running.policy->evaluator();
    if (running.shape().has_owner()) return evaluator->owners();
    return TRY(evaluator->from({})).selections;
}

}  // namespace

Activation::Activation(Board& board, Loop& io, Reach& reach) : board_(board), io_(io), reach_(reach) {}

Activation::~Activation() = default;

void Activation::begin() {
    begun_.assign(board_.policies.size(), false);
    for (auto& running : board_.policies) {
        auto from = watched_by(*running);
        if (!from) {
            log::error("policy error", {{"policy", running->shape().name}, {"message", from.error().message}});
            running->waiting_for.with([&](auto& text) { text = from.error().message; });
            continue;
        }
        running->from = std::move(*from);
    }
    identify();
}

void Activation::watch_namespaces() {
    namespaces_asked_ = true;
    const auto changed = [this](const cache::Change& change) {
        const auto& object = change.after ? change.after : change.before;
        const auto name = board_.names.id(object->name());
        for (const auto unit : reach_.concerned(change, reader_)) board_.queue.add({unit, name}, queue::Urgency::front);
    };
    board_.ingest->post([this, changed] {
        namespaces_ = std::make_unique<cache::Feed>(
            board_.namespaces, namespace_kind, [](const kube::Metadata&) { return true; }, changed,
            [this](bool) {
                board_.namespaces_hidden = false;
                check_all();
            });
        board_.ingest->add({*kube::well_known(namespace_kind), {}, {}, {}, true}, *namespaces_);
    });
}

void Activation::resolve(RunningPolicy& running, std::size_t next, std::vector<kube::Resource> found) {
    const auto& shape = running.shape();
    // What owners select is watched when one selects it.
    std::vector<kube::Kind> kinds = shape.has_owner() ? shape.owner_kinds : shape.source_kinds;
    kinds.insert(kinds.end(), shape.copy_kinds.begin(), shape.copy_kinds.end());
    for (; next < kinds.size(); ++next) {
        const auto known = kube::well_known(kinds[next]);
        if (!known) break;
        found.push_back(*known);
    }
    if (next == kinds.size()) {
        running.waiting_for.with([](auto& text) { text.clear(); });
        watch(running, found);
        return;
    }
    board_.client->resolve(kinds[next], [this, &running, next, found = std::move(found),
                                         kind = kinds[next]](Result<std::optional<kube::Resource>> resource) mutable {
        if (board_.stopping) return;
        if (resource && *resource) {
            found.push_back(**resource);
            resolve(running, next + 1, std::move(found));
            return;
        }
        const auto why =
            kind.kind + " (" + kind.api_version + "): " + (resource ? "not installed" : resource.error().message);
        const auto& owners = running.shape().owner_kinds;
        running.unasked = resource && std::find(owners.begin(), owners.end(), kind) != owners.end();
        const bool is_new = running.waiting_for.with([&](auto& text) { return std::exchange(text, why) != why; });
        if (is_new) {
            const auto say = running.unasked ? log::info : log::warn;
            say("a policy waits for a kind", {{"policy", running.shape().name}, {"message", why}});
        }
        io_.after(board_.options.kinds_again, [this, &running] {
            if (!board_.stopping) resolve(running, 0, {});
        });
    });
}

SourceFeed& Activation::feed_for(const watch::Scope& scope, RunningPolicy& running) {
    // A watch that has begun has its filter; only those that begin together share one.
    for (auto& feed : board_.sources) {
        if (feed->scope == scope && !feed->feed) {
            feed->policies.push_back(running.index);
            return *feed;
        }
    }
    board_.sources.push_back(std::make_unique<SourceFeed>());
    auto& feed = *board_.sources.back();
    feed.scope = scope;
    feed.policies.push_back(running.index);
    return feed;
}

void Activation::watch(RunningPolicy& running, const std::vector<kube::Resource>& resources) {
    const auto resource_of = [&](const kube::Kind& kind) {
        return *std::find_if(resources.begin(), resources.end(), [&](const auto& one) { return one.kind == kind; });
    };
    for (const auto& selection : running.from) {
        for (const auto& kind : selection.kinds) {
            for (const auto& scope : scopes_of(selection, resource_of(kind))) {
                auto& feed = feed_for(scope, running);
                if (std::find(running.feeds.begin(), running.feeds.end(), &feed) == running.feeds.end())
                    running.feeds.push_back(&feed);
            }
        }
    }
    std::vector<kube::Resource> copies;
    for (const auto& kind : running.shape().copy_kinds) copies.push_back(resource_of(kind));

    board_.ingest->post([this, &running, copies] {
        for (auto* feed : running.feeds) {
            if (feed->feed) continue;
            feed->feed = std::make_unique<cache::Feed>(
                feed->store, feed->scope.resource.kind,
                [this, feed](const kube::Metadata& object) {
                    return std::any_of(feed->policies.begin(), feed->policies.end(), [&](std::size_t index) {
                        return selects(board_, *board_.policies[index], feed->scope.resource.kind, object);
                    });
                },
                [this, feed](const cache::Change& change) { took(board_, *feed, change, reader_); },
                [this, feed](bool first) {
                    for (const auto index : feed->policies) {
                        auto& one = *board_.policies[index];
                        one.kind_has_left = false;
                        if (!first && one.looked) conclude(one);
                        check(one);
                    }
                });
            board_.ingest->add(feed->scope, *feed->feed);
        }
        for (const auto& resource : copies) {
            copy_kinds_[running.index].push_back(board_.kinds.id(resource));
            watch_copies(resource);
            if (running.shape().takes_marked) {
                ++marked_lists_[running.index];
                find_marked(board_, io_, running, board_.kinds.id(resource), [this, &running] {
                    --marked_lists_[running.index];
                    check(running);
                });
            }
        }
        running.watching = true;
        check(running);
    });
}

void Activation::watch_copies(const kube::Resource& resource) {
    const auto kind = board_.kinds.id(resource);
    for (const auto watched : {plan::Watched::copies, plan::Watched::parts}) {
        const std::pair key{kind, watched};
        if (copies_.contains(key)) continue;
        copies_synced_[key] = false;
        copies_[key] = std::make_unique<Copies>(board_, kind, watched, [this, key](bool) {
            copies_synced_[key] = true;
            check_all();
        });
        if (watched == plan::Watched::copies) io_.post([this, resource] { ask_for_copies(resource); });
        const auto label = watched == plan::Watched::copies ? plan::marks::instance : plan::marks::part;
        watch::Scope scope;
        scope.resource = resource;
        scope.label_selector = std::string(label) + "=" + board_.options.instance;
        board_.ingest->add(scope, *copies_[key]);
    }
}

void Activation::ask_for_copies(const kube::Resource& resource) {
    kube::Call call;
    call.path = kube::path(resource, {}) + "?limit=1&labelSelector=" +
                kube::percent_encoded(std::string(plan::marks::instance) + "=" + board_.options.instance);
    const auto kind = board_.kinds.id(resource);
    board_.client->send(std::move(call), [this, kind](Result<kube::Answer> answer) {
        if (board_.stopping || !answer || answer->status != 403) return;
        board_.ingest->post([this, kind] {
            denied_.insert(kind);
            check_all();
        });
    });
}

void Activation::check_all() {
    for (auto& running : board_.policies) check(*running);
}

void Activation::check(RunningPolicy& running) {
    const bool by_name = board_.namespaces_hidden && !running.shape().needs_namespaces;
    if (running.ready || !running.watching || (!by_name && !board_.namespaces.synced())) return;
    const auto synced = [](const SourceFeed* feed) { return feed->store.synced(); };
    if (!std::all_of(running.feeds.begin(), running.feeds.end(), synced)) return;
    const auto& kinds = copy_kinds_[running.index];
    const auto known = [&](plan::KindId kind) {
        return copies_synced_[{kind, plan::Watched::copies}] && copies_synced_[{kind, plan::Watched::parts}];
    };
    // One of several kinds that was never ours to see holds up its own copies alone.
    const auto settled = [&](plan::KindId kind) { return known(kind) || (kinds.size() > 1 && denied_.contains(kind)); };
    if (!std::all_of(kinds.begin(), kinds.end(), settled) || std::none_of(kinds.begin(), kinds.end(), known)) return;
    if (marked_lists_[running.index] > 0) return;
    first_look(running);
}

void Activation::first_look(RunningPolicy& running) {
    auto units = board_.units.of_policy(running.index);
    // Units of owners are looked at after these.
    std::erase_if(units, [&](plan::UnitId id) {
        const auto unit = board_.units.get(id);
        return unit && unit->owner != 0;
    });
    running.first_look.with([&](auto& waiting) { waiting.insert(units.begin(), units.end()); });
    running.ready = true;
    log::info("policy ready", {{"policy", running.shape().name}, {"units", std::to_string(units.size())}});
    for (const auto unit : units) board_.queue.add({unit, 0});
    if (units.empty()) {
        running.end_first_look();
        open_when_looked();
    } else {
        io_.post([this] {
            io_.after(patience, [this] {
                if (!board_.stopping && !opened_.exchange(true)) board_.applier->open();
            });
        });
        if (running.shape().has_owner()) board_.ingest->after(patience, [this, &running] { excuse_owners(running); });
    }
    board_.stirred();
}

void Activation::owner_completed(plan::UnitId id, const std::vector<plan::UnitId>& units) {
    const auto owner = board_.units.get(id);
    auto* running = owner ? board_.running(owner->policy) : nullptr;
    if (running == nullptr || !running->ready) return;
    if (!running->looked) running->first_look.with([&](auto& waiting) { waiting.insert(units.begin(), units.end()); });
    board_.units.change(id, [](Unit& unit) { unit.awaits_sources = false; });
    for (const auto unit : units) board_.queue.add({unit, 0});
    looked_at(id);
    owner_stirred(board_, *owner);
}

void Activation::excuse_owners(RunningPolicy& running) {
    if (running.looked) return;
    for (const auto id : running.first_look.with([](const auto& waiting) { return waiting; })) {
        const auto unit = board_.units.get(id);
        if (unit && unit->awaits_sources && !board_.owner_sources->trouble(id).empty()) end_first_look(running, id);
    }
    if (!running.looked) board_.ingest->after(patience, [this, &running] { excuse_owners(running); });
}

void Activation::looked_at(plan::UnitId id) {
    const auto unit = board_.units.get(id);
    auto* running = unit ? board_.running(unit->policy) : nullptr;
    if (running == nullptr || running->looked || unit->awaits_sources) return;
    end_first_look(*running, id);
}

void Activation::end_first_look(RunningPolicy& running, plan::UnitId id) {
    const bool last = running.first_look.with([&](auto& waiting) { return waiting.erase(id) > 0 && waiting.empty(); });
    if (!last) return;
    const auto put_off = running.end_first_look();
    conclude(running);
    for (const auto& [unit_id, namespace_name] : put_off) board_.queue.add({unit_id, namespace_name});
    open_when_looked();
}

void Activation::conclude(RunningPolicy& running) {
    std::set<std::string> causes;
    std::set<plan::NameId> namespaces;
    board_.have.with([&](const plan::Have& have) {
        for (const auto id : board_.units.of_policy(running.index)) {
            const auto unit = board_.units.get(id);
            if (unit && unit->presence != Presence::deleted && unit->presence != Presence::proven)
                causes.insert(cause_of(*unit));
            for (const auto& target : have.targets_of(id)) namespaces.insert(target.namespace_name);
        }
    });
    const auto before = running.gate.plan_id(running.shape().name);
    const auto released = running.gate.conclude(causes.size(), namespaces.size(), [this](plan::UnitId id) {
        const auto unit = board_.units.get(id);
        return unit ? cause_of(*unit) : std::string();
    });
    const auto plan = running.gate.plan_id(running.shape().name);
    if (!plan.empty() && plan != before) {
        const auto gone = running.gate.paused_units();
        std::size_t copies = running.gate.paused_drops().size();
        for (const auto unit : gone) copies += copies_with(board_, unit);
        log::error("too much has vanished at once; its copies stay until you say yes",
                   {{"policy", running.shape().name},
                    {"sources", std::to_string(gone.size())},
                    {"copies", std::to_string(copies)},
                    {"confirm", "moontide confirm " + plan}});
    }
    release(released);
}

void Activation::release(const Gate::Released& released) {
    for (const auto unit : released.units) {
        const auto known = board_.units.get(unit);
        if (!known) continue;
        if (known->bond.group.empty()) {
            prove_gone(board_, io_, unit);
        } else {
            // A group is gone when its members are, and those were asked for one by one.
            board_.units.change(unit, [](Unit& group) {
                if (group.members.empty()) group.presence = Presence::proven;
            });
            board_.queue.add({unit, 0});
        }
    }
    for (const auto& [unit, namespace_name] : released.drops) board_.queue.add({unit, namespace_name});
}

bool Activation::confirm(const std::string& plan) {
    for (auto& running : board_.policies) {
        if (running->gate.plan_id(running->shape().name) != plan) continue;
        log::info("confirmed", {{"policy", running->shape().name}, {"plan", plan}});
        release(running->gate.confirm());
        return true;
    }
    return false;
}

bool Activation::is_listing() const {
    return std::any_of(copies_.begin(), copies_.end(), [](const auto& one) { return one.second->is_listing(); });
}

bool Activation::all_looked() const {
    return std::all_of(board_.policies.begin(), board_.policies.end(), [](const auto& running) {
        return running->looked || !running->waiting_for.with([](const auto& text) { return text; }).empty();
    });
}

void Activation::open_when_looked() {
    if (all_looked() && !opened_.exchange(true)) board_.applier->open();
    board_.stirred();
}

}  // namespace moontide::sync
