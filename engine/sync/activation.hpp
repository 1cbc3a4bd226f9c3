// From a loaded policy to one at work: its kinds, its watches, its first look.
#pragma once

#include "base/loop.hpp"
#include "sync/board.hpp"
#include "sync/copies.hpp"
#include "sync/reach.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace moontide::sync {

/// A kind that is not installed keeps only the policies waiting that need it. Made and used on the io thread, except
/// where it says so.
class Activation {
public:
    Activation(Board& board, Loop& io, Reach& reach);
    ~Activation();

    /// Asks for the cluster's identity, then starts every policy.
    void begin();
    /// Any thread: a worker has looked at the whole unit. An owner counts when its sources are known too.
    void looked_at(plan::UnitId unit);
    /// Ingest thread: what an owner selects is in force; its units are looked at next.
    void owner_completed(plan::UnitId owner, const std::vector<plan::UnitId>& units);
    /// Ingest thread: a list has shown that sources are gone.
    void sources_vanished(std::size_t policy) { conclude(*board_.policies[policy]); }
    /// Any thread: the user's yes to a paused plan.
    bool confirm(const std::string& plan);
    bool all_looked() const;
    /// Ingest thread: a list of copies is on its way.
    bool is_listing() const;

private:
    void identify();
    /// The other way to tell clusters apart; then every policy that may begin does.
    void identify_by_config_map(std::string message);
    void begin_policies();
    /// Of an object by its path: its uid, or none with the answer's status and message.
    void ask_uid(const char* path, std::function<void(std::string uid, int status, std::string message)> told);
    void watch_namespaces();
    void resolve(RunningPolicy& running, std::size_t next, std::vector<kube::Resource> found);
    void watch(RunningPolicy& running, const std::vector<kube::Resource>& resources);
    void watch_copies(const kube::Resource& resource);
    /// Whether copies of the kind may be listed at all: a watch that is denied tells nobody.
    void ask_for_copies(const kube::Resource& resource);
    SourceFeed& feed_for(const watch::Scope& scope, RunningPolicy& running);

    // Ingest thread.
    void check(RunningPolicy& running);
    void check_all();
    void first_look(RunningPolicy& running);
    void conclude(RunningPolicy& running);
    /// Owners whose sources cannot be known for a while hold nobody else up.
    void excuse_owners(RunningPolicy& running);
    void end_first_look(RunningPolicy& running, plan::UnitId unit);

    void release(const Gate::Released& released);
    void open_when_looked();

    Board& board_;
    Loop& io_;
    Reach& reach_;
    std::vector<bool> begun_;                  // of each policy: its kinds are asked for; io thread
    bool namespaces_asked_ = false;            // they may be read; io thread
    std::string unidentified_;                 // why the cluster's identity is not known yet, as it was told
    std::unique_ptr<cache::Feed> namespaces_;  // ingest thread
    std::map<std::pair<plan::KindId, plan::Watched>, std::unique_ptr<Copies>> copies_;  // ingest thread
    std::map<std::pair<plan::KindId, plan::Watched>, bool> copies_synced_;              // ingest thread
    std::set<plan::KindId> denied_;                    // ingest thread: kinds whose copies may not be listed
    std::map<std::size_t, std::size_t> marked_lists_;  // ingest thread: policies whose list is still to come
    std::map<std::size_t, std::vector<plan::KindId>> copy_kinds_;  // ingest thread
    kube::Reader reader_;                                          // ingest thread
    std::atomic<bool> opened_{false};
};

}  // namespace moontide::sync
