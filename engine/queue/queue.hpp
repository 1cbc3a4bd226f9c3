// What is to be looked at: keys, each once, worked on by one worker at a time, with delays and backoff.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>

namespace moontide::queue {

/// A unit (`spot` 0), or one namespace of it.
struct Key {
    std::uint32_t unit = 0;
    std::uint32_t spot = 0;

    bool is_unit() const { return spot == 0; }
    bool operator==(const Key&) const = default;
};

struct KeyHash {
    std::size_t operator()(const Key& key) const {
        return static_cast<std::size_t>((std::uint64_t{key.unit} << 32 | key.spot) * 0x9e3779b97f4a7c15ULL);
    }
};

/// New namespaces before changes before what nobody waits for.
enum class Urgency { front, change, idle };

/// Whether a key that waits out a delay is work to come soon, or a look that was planned for later (idle() tells).
enum class Delay { soon, planned };

struct Work {
    Key key;
    std::chrono::nanoseconds waited{};
    Urgency urgency = Urgency::change;
};

/// Any thread. A key that is added while it is worked on is worked on again afterwards; two keys of one unit are never
/// worked on at once; a queued unit covers its spots, those that wait no more urgently before it among them. Units are
/// served in turn, so that one with many spots delays no other; a poisoned key waits its backoff outside. Each call
/// costs the same however many keys wait.
class Queue {
public:
    Queue(Milliseconds backoff_first, Milliseconds backoff_last, std::uint64_t seed,
          const Clock& clock = system_clock());

    void add(Key key, Urgency urgency = Urgency::change);
    /// Where the key waits out a shorter delay already, that one counts, at the higher urgency of the two.
    void add_after(Key key, Milliseconds delay, Urgency urgency = Urgency::change, Delay kind = Delay::soon);
    /// After a delay that grows with each retry of this key until forget(); it begins as after so many `earlier` ones.
    void retry(Key key, Delay kind = Delay::soon, unsigned earlier = 0);
    void forget(Key key);
    /// forget() for every key of the unit.
    void forget_unit(std::uint32_t unit);
    /// Every key that waits, now or for later; not those that are worked on.
    template <typename Function>
    void each_key(Function&& function) const {
        std::scoped_lock lock(mutex_);
        for (const auto& [key, waiting] : waiting_) function(key);
        for (const auto& [key, delayed] : delayed_) function(key);
        for (const auto& [key, count] : failures_) function(key);
    }

    /// Blocks; nothing once stop was requested.
    std::optional<Work> take(std::stop_token stop);
    /// Ends the work that take() gave out.
    void done(Key key);

    /// Keys that wait for a worker.
    std::size_t depth() const;
    /// Nothing waits, nothing is worked on, and nothing is to come soon.
    bool idle() const { return idle_at().has_value(); }
    /// The change that left it idle, or nothing while it is not: the same one twice means that it was idle all the
    /// while.
    std::optional<std::uint64_t> idle_at() const;

private:
    static constexpr std::size_t urgencies = 3;
    static constexpr std::size_t no_turn = urgencies;

    struct Waiting {
        Urgency urgency;
        Instant since;
    };
    /// The keys of one unit that wait, by urgency; a key that became more urgent stays in the slower line too and is
    /// skipped there.
    struct Line {
        std::array<std::deque<std::uint32_t>, urgencies> spots;
        std::size_t turn = no_turn;  ///< the urgency at which it stands in turns_
        bool busy = false;
    };
    using Due = std::multimap<Instant, Key>;
    struct Delayed {
        Due::iterator at;
        Urgency urgency;
        Delay kind;
    };

    void push(Key key, Urgency urgency);
    bool waits(Key key, std::size_t urgency) const;
    void stand(std::uint32_t unit, Line& line);
    void cover(std::uint32_t unit, Line& line, Urgency from);
    void release_due(Instant now);
    std::optional<Key> next();

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    const Clock& clock_;
    std::uint64_t changes_ = 0;  // all below: guarded by mutex_
    Backoff backoff_;
    std::unordered_map<Key, Waiting, KeyHash> waiting_;
    std::unordered_map<std::uint32_t, Line> lines_;           // of units that wait or are worked on
    std::array<std::deque<std::uint32_t>, urgencies> turns_;  // units; may hold some whose turn is elsewhere
    std::unordered_map<Key, Delayed, KeyHash> delayed_;
    Due due_;  // the keys of delayed_
    std::size_t busy_ = 0;
    std::size_t soon_ = 0;  // of the delayed ones
    std::unordered_map<Key, unsigned, KeyHash> failures_;
};

}  // namespace moontide::queue
