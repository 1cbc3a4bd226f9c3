// The sources of owners: what each owner selects, and one watch a kind behind all of that.
#pragma once

#include "base/loop.hpp"
#include "cache/feed.hpp"
#include "sync/board.hpp"
#include "sync/selections.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace moontide::sync {

/// What an owner asks for, as of one version of it.
struct Selected {
    kube::ObjectPtr owner;
    std::vector<policy::Selection> from;
    std::vector<std::string> waiting;  ///< what selections that select nothing are waiting for
};
using SelectedPtr = std::shared_ptr<const Selected>;

/// A watch begins with the first selection that needs it and ends with the last. What a selection means beyond what is
/// kept already is read by one list (a backfill); until that is in, what the owner selected before stays in force.
class OwnerSources {
public:
    /// Both on the ingest thread.
    struct Hooks {
        /// What an owner selects is in force, and these are its units, with a source or without.
        std::function<void(plan::UnitId owner, const std::vector<plan::UnitId>& units)> completed;
        /// Sources of the policy were found gone by a list, and all that it can find has been found.
        std::function<void(std::size_t policy)> vanished;
    };
    OwnerSources(Board& board, Loop& io, Hooks hooks);
    ~OwnerSources();
    OwnerSources(const OwnerSources&) = delete;
    OwnerSources& operator=(const OwnerSources&) = delete;

    // Any thread.

    void select(plan::UnitId owner, SelectedPtr selected);
    /// It asks for nothing any more. Its units are the caller's to see to.
    void withdraw(plan::UnitId owner);
    /// What is in force; null before it is for the first time.
    SelectedPtr selected(plan::UnitId owner) const;
    kube::ObjectPtr find(const kube::Ref& ref) const;
    std::optional<kube::Resource> resource(const kube::Kind& kind) const;
    /// Nothing is on its way but what the server refuses.
    bool settled() const;
    /// Why the owner's sources are not known yet; empty where they are, or will be in a moment.
    std::string trouble(plan::UnitId owner) const;

private:
    struct Kind;
    using Held = std::pair<kube::Kind, Selections::Id>;
    struct Owner {
        SelectedPtr next;        // not in force yet
        std::set<Held> held;     // of what is in force
        std::set<Held> to_hold;  // of next
        std::set<Held> awaited;  // of these, what is not in yet
    };

    // Ingest thread.
    void take(plan::UnitId owner, SelectedPtr selected);
    void drop(plan::UnitId owner);
    Kind& kind_of(const kube::Kind& kind);
    std::shared_ptr<Kind> shared(const Kind& kind) const;
    void begin(Kind& kind, Selections::Id id);
    void release(plan::UnitId owner, const std::set<Held>& held, const std::set<Held>& but);
    void end_if_unused(const kube::Kind& kind);
    void start(const std::shared_ptr<Kind>& kind);
    void watch(const std::shared_ptr<Kind>& kind, const kube::Resource& resource);
    void flush(const std::shared_ptr<Kind>& kind);
    void backfill(const std::shared_ptr<Kind>& kind);
    void synced(Kind& kind, bool first);
    void came_in(Kind& kind, const std::set<Selections::Id>& ids);
    void complete(plan::UnitId owner, Owner& state);
    std::set<kube::Ref> means_now(const RunningPolicy& running, const Selected& selected);
    void took(Kind& kind, const cache::Change& change);

    Board& board_;
    Loop& io_;
    const Hooks hooks_;
    kube::Reader reader_;                   // ingest thread
    std::map<plan::UnitId, Owner> owners_;  // ingest thread
    std::set<std::size_t> vanished_;        // ingest thread: policies that a relist under way took sources from

    mutable std::mutex mutex_;
    std::map<kube::Kind, std::shared_ptr<Kind>> kinds_;      // guarded by mutex_
    std::map<plan::UnitId, SelectedPtr> in_force_;           // guarded by mutex_
    std::map<plan::UnitId, std::set<kube::Kind>> awaiting_;  // guarded by mutex_: kinds that an owner waits for
};

}  // namespace moontide::sync
