#include "queue/queue.hpp"

namespace moontide::queue {

Queue::Queue(Milliseconds backoff_first, Milliseconds backoff_last, std::uint64_t seed, const Clock& clock)
    : clock_(clock), backoff_(backoff_first, backoff_last, seed) {}

void Queue::push(Key key, Urgency urgency) {
    if (!key.is_unit()) {
        if (const auto unit = waiting_.find(Key{key.unit, 0});
            unit != waiting_.end() && unit->second.urgency <= urgency) {
            return;  // the whole unit is looked at no later
        }
    }
    const auto [entry, added] = waiting_.try_emplace(key, Waiting{urgency, clock_.now()});
    if (!added) {
        if (urgency >= entry->second.urgency) return;
        entry->second.urgency = urgency;  // the entry in the slower line is skipped when its turn comes
    }
    if (!key.is_unit()) spots_[key.unit].insert(key.spot);
    lines_[static_cast<std::size_t>(urgency)].push_back(key);
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
        const auto [entry, added] = earliest_.try_emplace(key, due);
        if (!added) {
            if (entry->second <= due) return;
            entry->second = due;  // the later entry is skipped when its time comes
        }
        delayed_.emplace(due, Delayed{key, urgency, kind});
        if (kind == Delay::soon) ++soon_;
        ++changes_;
    }
    changed_.notify_one();
}

void Queue::retry(Key key, Delay kind) {
    Milliseconds delay{};
    {
        std::scoped_lock lock(mutex_);
        delay = backoff_.delay(++failures_[key]);
    }
    add_after(key, delay, Urgency::change, kind);
}

void Queue::forget(Key key) {
    std::scoped_lock lock(mutex_);
    failures_.erase(key);
}

void Queue::release_due(Instant now) {
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        const auto [due, entry] = *delayed_.begin();
        delayed_.erase(delayed_.begin());
        if (entry.kind == Delay::soon) --soon_;
        const auto earliest = earliest_.find(entry.key);
        if (earliest == earliest_.end() || earliest->second != due) continue;
        earliest_.erase(earliest);
        push(entry.key, entry.urgency);
    }
}

std::optional<Key> Queue::next() {
    for (std::size_t line = 0; line < 3; ++line) {
        while (!lines_[line].empty()) {
            const Key key = lines_[line].front();
            lines_[line].pop_front();
            const auto entry = waiting_.find(key);
            if (entry == waiting_.end() || static_cast<std::size_t>(entry->second.urgency) != line) continue;
            if (busy_.contains(key.unit)) {
                parked_[key.unit].push_back(key);
                continue;
            }
            return key;
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
            const Work work{*key, now - waiting_.at(*key).since};
            waiting_.erase(*key);
            if (key->is_unit()) {
                // The unit covers its spots.
                for (const auto spot : spots_[key->unit]) waiting_.erase(Key{key->unit, spot});
                spots_.erase(key->unit);
            } else if (const auto spots = spots_.find(key->unit); spots != spots_.end()) {
                spots->second.erase(key->spot);
                if (spots->second.empty()) spots_.erase(spots);
            }
            busy_.insert(key->unit);
            return work;
        }
        const auto changed = [this, seen = changes_] { return changes_ != seen; };
        if (delayed_.empty()) {
            changed_.wait(lock, stop, changed);
        } else {
            changed_.wait_until(lock, stop, delayed_.begin()->first, changed);
        }
    }
    return std::nullopt;
}

void Queue::done(Key key) {
    {
        std::scoped_lock lock(mutex_);
        busy_.erase(key.unit);
        ++changes_;
        if (const auto parked = parked_.find(key.unit); parked != parked_.end()) {
            for (const auto& waiting : parked->second) {
                const auto entry = waiting_.find(waiting);
                if (entry != waiting_.end()) lines_[static_cast<std::size_t>(entry->second.urgency)].push_back(waiting);
            }
            parked_.erase(parked);
        }
    }
    changed_.notify_all();
}

std::size_t Queue::depth() const {
    std::scoped_lock lock(mutex_);
    return waiting_.size();
}

bool Queue::idle() const {
    std::scoped_lock lock(mutex_);
    return waiting_.empty() && busy_.empty() && soon_ == 0;
}

}  // namespace moontide::queue
