#include "queue/queue.hpp"

#include <algorithm>

namespace moontide::queue {

Queue::Queue(Milliseconds backoff_first, Milliseconds backoff_last, std::uint64_t seed, const Clock& clock)
    : clock_(clock), backoff_(backoff_first, backoff_last, seed) {}

bool Queue::waits(Key key, std::size_t urgency) const {
    const auto entry = waiting_.find(key);
    return entry != waiting_.end() && static_cast<std::size_t>(entry->second.urgency) == urgency;
}

void Queue::push(Key key, Urgency urgency) {
    if (!key.is_unit()) {
        const auto unit = waiting_.find(Key{key.unit, 0});
        if (unit != waiting_.end() && unit->second.urgency <= urgency) return;  // it is looked at no later
    }
    const auto [entry, added] = waiting_.try_emplace(key, Waiting{urgency, clock_.now()});
    if (!added) {
        if (urgency >= entry->second.urgency) return;
        entry->second.urgency = urgency;
    }
    auto& line = lines_[key.unit];
    if (key.is_unit()) cover(key.unit, line, urgency);
    line.spots[static_cast<std::size_t>(urgency)].push_back(key.spot);
    if (!line.busy) stand(key.unit, line);
}

/// Takes the unit's spots out that wait no more urgently than `from`: the unit is looked at instead.
void Queue::cover(std::uint32_t unit, Line& line, Urgency from) {
    for (auto urgency = static_cast<std::size_t>(from); urgency < urgencies; ++urgency) {
        for (const auto spot : line.spots[urgency]) {
            if (spot != 0 && waits({unit, spot}, urgency)) waiting_.erase({unit, spot});
        }
        line.spots[urgency].clear();
    }
}

/// Gives a unit that is not worked on its turn, at the urgency of its first key.
void Queue::stand(std::uint32_t unit, Line& line) {
    for (std::size_t urgency = 0; urgency < line.turn; ++urgency) {
        auto& spots = line.spots[urgency];
        while (!spots.empty() && !waits({unit, spots.front()}, urgency)) spots.pop_front();
        if (spots.empty()) continue;
        line.turn = urgency;  // where it stood at a slower urgency it is skipped
        turns_[urgency].push_back(unit);
        return;
    }
}

void Queue::add(Key key, Urgency urgency) {
    {
        std::scoped_lock lock(mutex_);
        push(key, urgency);
        ++changes_;
    }
    changed_.notify_one();
}

void Queue::add_after(Key key, Milliseconds delay, Urgency urgency, Delay kind) {
    {
        std::scoped_lock lock(mutex_);
        const auto due = clock_.now() + delay;
        const auto [entry, added] = delayed_.try_emplace(key, Delayed{{}, urgency, kind});
        auto& delayed = entry->second;
        if (added) {
            delayed.at = due_.emplace(due, key);
            if (kind == Delay::soon) ++soon_;
        } else {
            if (delayed.kind == Delay::planned && kind == Delay::soon) {
                delayed.kind = kind;
                ++soon_;
            }
            delayed.urgency = std::min(delayed.urgency, urgency);
            if (delayed.at->first <= due) return;
            due_.erase(delayed.at);
            delayed.at = due_.emplace(due, key);
        }
        ++changes_;
    }
    // All: whoever waits without a deadline, or for a later one, must not oversleep this one.
    changed_.notify_all();
}

void Queue::retry(Key key, Delay kind, unsigned earlier) {
    Milliseconds delay{};
    {
        std::scoped_lock lock(mutex_);
        delay = backoff_.delay(++failures_[key] + earlier);
    }
    add_after(key, delay, Urgency::change, kind);
}

void Queue::forget(Key key) {
    std::scoped_lock lock(mutex_);
    failures_.erase(key);
}

void Queue::forget_unit(std::uint32_t unit) {
    std::scoped_lock lock(mutex_);
    std::erase_if(failures_, [&](const auto& entry) { return entry.first.unit == unit; });
}

void Queue::release_due(Instant now) {
    while (!due_.empty() && due_.begin()->first <= now) {
        const auto entry = delayed_.find(due_.begin()->second);
        const auto [key, delayed] = *entry;
        due_.erase(due_.begin());
        delayed_.erase(entry);
        if (delayed.kind == Delay::soon) --soon_;
        push(key, delayed.urgency);
        ++changes_;
    }
}

std::optional<Key> Queue::next() {
    for (std::size_t urgency = 0; urgency < urgencies; ++urgency) {
        auto& turns = turns_[urgency];
        while (!turns.empty()) {
            const auto unit = turns.front();
            turns.pop_front();
            const auto found = lines_.find(unit);
            if (found == lines_.end() || found->second.turn != urgency) continue;
            auto& line = found->second;
            line.turn = no_turn;
            auto& spots = line.spots[urgency];
            while (!spots.empty()) {
                const Key key{unit, spots.front()};
                spots.pop_front();
                if (waits(key, urgency)) return key;
            }
            stand(unit, line);
        }
    }
    return std::nullopt;
}

std::optional<Work> Queue::take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto now = clock_.now();
        release_due(now);
        if (const auto key = next()) {
            const auto waiting = waiting_.find(*key);
            const Work work{*key, now - waiting->second.since, waiting->second.urgency};
            waiting_.erase(waiting);
            auto& line = lines_.at(key->unit);
            if (key->is_unit()) cover(key->unit, line, Urgency::front);
            line.busy = true;
            ++busy_;
            return work;
        }
        const auto changed = [this, seen = changes_] { return changes_ != seen; };
        if (due_.empty()) {
            changed_.wait(lock, stop, changed);
        } else {
            // A copy: the entry may be gone before the wait is over.
            const auto due = due_.begin()->first;
            changed_.wait_until(lock, stop, due, changed);
        }
    }
    return std::nullopt;
}

void Queue::done(Key key) {
    {
        std::scoped_lock lock(mutex_);
        const auto found = lines_.find(key.unit);
        if (found == lines_.end() || !found->second.busy) return;
        auto& line = found->second;
        line.busy = false;
        --busy_;
        ++changes_;
        stand(key.unit, line);
        if (line.turn == no_turn) lines_.erase(found);
    }
    changed_.notify_all();
}

std::size_t Queue::depth() const {
    std::scoped_lock lock(mutex_);
    return waiting_.size();
}

std::optional<std::uint64_t> Queue::idle_at() const {
    std::scoped_lock lock(mutex_);
    if (!waiting_.empty() || busy_ > 0 || soon_ > 0) return std::nullopt;
    return changes_;
}

}  // namespace moontide::queue
