// Joins the rooms: one cluster kept in step by its policies.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/kubeconfig.hpp"
#include "lead/elector.hpp"
#include "policy/policy.hpp"
#include "status/events.hpp"
#include "status/metrics.hpp"
#include "store/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace moontide {

struct SyncOptions {
    std::string instance = "moontide";  ///< value of the label moontide.dev/instance
    std::set<std::string, std::less<>> excluded_namespaces = {"kube-system", "kube-public", "kube-node-lease"};
    bool dry_run = false;          ///< writes nothing at all, prints each plan once
    unsigned workers = 0;          ///< evaluation threads; 0: one a core
    unsigned most_in_flight = 64;  ///< writes under way at once, at most
    /// More than max(vanished_least, vanished_percent %) of a policy's sources found gone at once waits for a yes.
    unsigned vanished_least = 10;
    unsigned vanished_percent = 10;
    std::string user_agent;
    /// Works only while it holds that Lease; nothing: it is the only one. Not with `dry_run`.
    std::optional<lead::ElectorOptions> lead;
    /// Asked before each write; none: always. Set by the election.
    std::function<bool()> may_write;
    /// Tests shorten these.
    Milliseconds backoff_first{5};
    Milliseconds backoff_last{300'000};
    Milliseconds refused_again{30'000};   ///< a refused target is looked at again after this long
    Milliseconds silent_after{150'000};   ///< a watch that says nothing for this long is dialled anew
    Milliseconds told_again{1'000};       ///< the owner of a settled pass is told so often, at most
    Milliseconds together{50};            ///< what owners and their copies bring in that time is looked at once
    Milliseconds kind_leaving{1'000};     ///< how long a kind that is removed may take to say so, its objects gone
    Milliseconds audit_every{3'600'000};  ///< so often every unit is compared with the caches; 0: never
    Milliseconds kinds_again{10'000};     ///< a kind that is not installed is asked for again after this long
    Milliseconds forget_every{60'000};    ///< what nothing speaks of any more is forgotten that often
    Milliseconds secrets_again{10'000};   ///< the Secret of a database is read again after this long
    store::Options database;              ///< of the connections to each; its name and seed are given to it
    bool watch_list = true;               ///< lists come as the beginning of a watch where the server has that
    std::uint64_t seed = 0;               ///< 0: from the machine
};

/// What happened to a copy, as it happens: for the demo's story and for tests. From the engine's threads.
struct Deed {
    enum class What { created, replaced, deleted, released, refused, failed };
    What what;
    std::string policy;
    std::string source;  ///< "flux-system/shared"
    policy::Target target;
    std::string reason;  ///< why, in a sentence
};

/// A watch, a cache or a policy that is not as it should be.
struct Ailment {
    std::string name;  ///< "watch configmaps in flux-system"
    std::string message;
    /// Nobody waits for it: a policy whose owners' kind is not installed, so that nobody can have asked for anything;
    /// or one that has not the right to read its owners, or namespaces, where others work without.
    bool unasked = false;
};

/// What waits for a yes because too much vanished at once.
struct Pause {
    std::string plan;  ///< the id to confirm
    std::string policy;
    std::vector<std::string> vanished;
    std::size_t copies = 0;
};

/// How many copies are wanted and how many are as they should be.
struct Tally {
    std::string policy;
    std::size_t sources = 0;
    std::size_t copies = 0;   ///< in place and right
    std::size_t pending = 0;  ///< steps waiting or under way
    std::size_t refused = 0;
    std::size_t failed = 0;
};

class Sync {
public:
    /// Starts the threads and the watches; returns before the first list is in. Fails on what no retry can mend
    /// (unreadable certificates, two policies of one name).
    static Result<std::unique_ptr<Sync>> start(kube::Access access, std::vector<policy::PolicyPtr> policies,
                                               SyncOptions options, status::Metrics& metrics,
                                               std::function<void(const Deed&)> on_deed = {});
    /// stop() with the default deadline where it has not been called.
    virtual ~Sync() = default;

    /// No new steps; answers under way are awaited until the deadline, then everything is closed and joined.
    virtual void stop(Milliseconds deadline = Milliseconds(4'000)) = 0;
    /// As a crash would: nothing is awaited; connections are cut.
    virtual void abandon() = 0;

    /// Empty when every cache is synced and no watch is stuck.
    virtual std::vector<Ailment> ailments() const = 0;
    virtual std::vector<Tally> tallies() const = 0;
    virtual std::vector<Pause> pauses() const = 0;
    /// False where no such plan waits.
    virtual bool confirm(const std::string& plan) = 0;
    /// Every watch is synced and no key, step or retry of a healthy target is outstanding at this moment.
    virtual bool settled() const = 0;
    /// Returns once settled() holds, or false at the deadline.
    virtual bool wait_settled(Milliseconds deadline) const = 0;
};

}  // namespace moontide
