// The one thread that reads what watches bring and writes what is known of the cluster.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"
#include "kube/object.hpp"
#include "watch/scope.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::watch {

enum class EventType { added, modified, deleted };

/// Takes the content of one watch; every call comes from the ingest thread. The texts are valid during the call.
class Consumer {
public:
    virtual ~Consumer() = default;
    /// A list begins. What listed() brings stays invisible until relisted(). Items of paged lists have no apiVersion
    /// and kind, as the server writes them; an object may be listed twice, and then the later text counts.
    virtual void relist_begun() = 0;
    virtual void listed(std::string_view object_json) = 0;
    /// The list is whole and stands for `version`: what was not listed is gone.
    virtual void relisted(kube::ResourceVersion version) = 0;
    /// The list failed half way: forget what listed() brought.
    virtual void relist_abandoned() = 0;
    /// `deleted` carries the object as it was, at the version of its deletion.
    virtual void changed(EventType type, std::string_view object_json) = 0;
    /// Everything up to `version` has been delivered.
    virtual void progressed(kube::ResourceVersion version) = 0;

    /// The watch fails, for this reason, and is tried again; told once for each reason.
    virtual void interrupted(std::string_view /*error*/) {}

    /// What Ingest calls: it has read the metadata already, and a consumer that takes it reads no object twice.
    virtual void listed_with(const kube::Metadata& /*metadata*/, std::string_view object_json) { listed(object_json); }
    virtual void changed_with(EventType type, const kube::Metadata& /*metadata*/, std::string_view object_json) {
        changed(type, object_json);
    }
};

using WatchId = std::uint64_t;

/// How one watch is, for metrics and readiness.
struct Health {
    WatchId id = 0;
    Scope scope;
    bool synced = false;     ///< a whole list has been delivered since the start
    std::string state;       ///< "listing", "watching", "waiting": of the state machine
    std::string last_error;  ///< empty while all is well
    Instant last_heard{};    ///< when the server last sent anything of it; refusals and lost connections are not
    std::optional<Instant> failing_since;  ///< nothing while all is well
    std::uint64_t relists = 0;             ///< whole lists after the first one
    kube::ResourceVersion version = 0;
};

struct IngestOptions {
    std::size_t page_size = 500;
    bool watch_list = true;                     ///< ask for sendInitialEvents first; falls back where it is refused
    Milliseconds watch_timeout_least{300'000};  ///< timeoutSeconds is drawn from [least, 2 * least]
    Milliseconds silent_after{150'000};         ///< no event and no bookmark for this long: the watch is dialled anew
    Milliseconds backoff_first{200};
    Milliseconds backoff_last{30'000};
    std::uint64_t seed = 1;
};

/// Any thread may call; consumers are called from the ingest thread alone.
class Ingest {
public:
    /// `io` runs elsewhere and outlives this; `client` is used on io's thread only, and must not go before what the
    /// destructor posts there has run (post its end after this, or destroy both on the loop's thread).
    Ingest(Loop& io, kube::Client& client, IngestOptions options, const Clock& clock = system_clock());
    ~Ingest();  ///< stop()
    Ingest(const Ingest&) = delete;
    Ingest& operator=(const Ingest&) = delete;

    /// `consumer` must live until remove() has returned its promise or the Ingest is gone.
    WatchId add(Scope scope, Consumer& consumer);
    /// `removed` runs on the ingest thread, after the last call of the consumer.
    void remove(WatchId id, std::function<void()> removed);
    /// Runs on the ingest thread, after what came before it.
    void post(std::function<void()> function);
    /// Runs on the ingest thread after `delay`.
    void after(Milliseconds delay, std::function<void()> function);

    std::vector<Health> health() const;

    /// Joins the ingest thread: no consumer is called any more, and what is posted from now on is forgotten.
    void stop();

private:
    class Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::watch
