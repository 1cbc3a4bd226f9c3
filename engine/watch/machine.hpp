// The list -> watch -> relist machine of one scope, without I/O, threads or a clock.
#pragma once

#include "base/clock.hpp"
#include "kube/object.hpp"
#include "watch/ingest.hpp"
#include "watch/line.hpp"
#include "watch/scope.hpp"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moontide::watch {

// The states.

/// A list is to begin: at the start, or because the version of a watch is compacted.
struct Relist {};
/// Pages are read one after the other; this one is asked for or is being delivered.
struct Listing {
    std::string continue_token;             ///< of the page; empty for the first
    std::optional<std::string> next_token;  ///< once the page is read: of the one after it, empty on the last
    kube::ResourceVersion version = 0;      ///< of the list, known from its first page on
    unsigned failures = 0;                  ///< of this page
};
/// A watch that lists first (WatchList); the bookmark that ends the list has not come yet.
struct Streaming {
    bool begun = false;  ///< the server said 200
};
/// A watch from the version that was seen last.
struct Watching {
    bool heard = false;  ///< this stream has brought an event or a bookmark
};
/// Nothing is under way until the timer fires; then `next`.
struct Waiting {
    std::variant<Relist, Listing, Watching> next;
};
using State = std::variant<Relist, Listing, Streaming, Watching, Waiting>;

// What happens to it. Inputs that do not belong to the state are of a request that was given up, and are ignored.

struct Started {};
struct PageRead {
    kube::ResourceVersion version = 0;
    std::string continue_token;
};
/// What DeliverPage asked for is done.
struct PageDelivered {};
struct ListFailed {
    Failure failure;
};
/// The answer's status was 200.
struct StreamOpened {};
struct StreamRefused {
    Failure failure;
};
struct StreamEnded {
    std::string error;  ///< empty where the server ended it as it should
    Milliseconds lived{0};
};
struct EventSeen {
    kube::ResourceVersion version = 0;
};
struct BookmarkSeen {
    BookmarkLine bookmark;
};
struct ErrorSeen {
    Failure failure;
};
/// What came is no line of a watch, or no object.
struct GarbageSeen {
    std::string message;
};
/// The stream has brought no byte for silent_after().
struct SilenceNoticed {};
struct TimerFired {};
using Input = std::variant<Started, PageRead, PageDelivered, ListFailed, StreamOpened, StreamRefused, StreamEnded,
                           EventSeen, BookmarkSeen, ErrorSeen, GarbageSeen, SilenceNoticed, TimerFired>;

// What it asks for, in order.

struct SendList {
    std::string query;
};
struct OpenStream {
    std::string query;
};
struct CloseStream {};
struct Wait {
    Milliseconds delay{0};
};
struct BeginRelist {};
/// The items of the page that was read; then PageDelivered or ListFailed is awaited.
struct DeliverPage {};
/// The event that was seen, as an object of the list.
struct DeliverListed {};
/// The event that was seen, as a change.
struct DeliverChange {};
struct FinishRelist {
    kube::ResourceVersion version = 0;
};
struct AbandonRelist {};
struct Progress {
    kube::ResourceVersion version = 0;
};
using Effect = std::variant<SendList, OpenStream, CloseStream, Wait, BeginRelist, DeliverPage, DeliverListed,
                            DeliverChange, FinishRelist, AbandonRelist, Progress>;

/// Owned by one thread. At most one request is under way, and a Wait is never beside one.
class Machine {
public:
    Machine(Scope scope, const IngestOptions& options, std::uint64_t seed);

    /// The effects are valid until the next call.
    const std::vector<Effect>& on(const Input& input);

    const State& state() const { return state_; }
    /// "listing", "watching" or "waiting".
    std::string_view state_name() const;
    /// How long the stream of this state may bring nothing at all.
    Milliseconds silent_after() const;
    /// A whole list has been delivered.
    bool synced() const { return lists_ > 0; }
    /// Whole lists after the first one.
    std::uint64_t relists() const { return lists_ > 0 ? lists_ - 1 : 0; }
    /// Everything up to here has been delivered.
    kube::ResourceVersion version() const { return version_; }
    /// Empty while all is well.
    const std::string& last_error() const { return last_error_; }

private:
    void take(const Started&);
    void take(const PageRead& page);
    void take(const PageDelivered&);
    void take(const ListFailed& failed);
    void take(const StreamOpened&);
    void take(const StreamRefused& refused);
    void take(const StreamEnded& ended);
    void take(const EventSeen& event);
    void take(const BookmarkSeen& seen);
    void take(const ErrorSeen& seen);
    void take(const GarbageSeen& seen);
    void take(const SilenceNoticed&);
    void take(const TimerFired&);

    void begin_list();
    void ask_page(Listing listing);
    void open_watch();
    void finish_list(kube::ResourceVersion version);
    /// Gives up the list that is under way, if any.
    void abandon_list();
    /// Counts the failure and waits, longer each time in a row.
    void wait(decltype(Waiting::next) next, const Failure& failure);
    void watch_failed(const Failure& failure);
    /// The server does not know how to list by a watch.
    void fall_back_to_pages();

    std::string query(std::string_view parameters) const;
    std::string timeout_seconds();
    Milliseconds up_to(Milliseconds limit);

    Scope scope_;
    IngestOptions options_;
    std::mt19937_64 random_;
    Backoff backoff_;
    State state_ = Relist{};
    std::vector<Effect> effects_;

    kube::ResourceVersion version_ = 0;
    std::uint64_t lists_ = 0;
    bool list_open_ = false;      ///< between BeginRelist and its end
    bool watch_list_;             ///< the server is believed to have WatchList
    unsigned failures_ = 0;       ///< in a row
    unsigned cut_streams_ = 0;    ///< WatchLists that ended before their end
    unsigned expired_lists_ = 0;  ///< lists whose continue token was compacted under way
    std::string last_error_;
};

}  // namespace moontide::watch
