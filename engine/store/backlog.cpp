#include "store/backlog.hpp"

#include "base/match.hpp"

#include <algorithm>
#include <utility>

namespace moontide::store {

namespace {

constexpr std::size_t shown_refusals = 5;
/// How often the time to the next try of what is refused doubles: each try may use up ids.
constexpr unsigned refused_doublings = 4;

}  // namespace

Backlog::Work& Backlog::work_of(const Owner& owner) {
    return owners_[owner];
}

void Backlog::queue(const Owner& owner, Work& work) {
    if (work.busy || work.queued || (!work.wanting() && work.refused.empty())) return;
    work.queued = true;
    turns_.push_back(owner);
}

void Backlog::drop(Work& work, const Key& key) {
    const auto found = work.changes.find(key);
    if (found == work.changes.end()) return;
    if (found->second) bytes_ -= found->second->size();
    work.changes.erase(found);
}

void Backlog::leave_out(Work& work) {
    work.left_out = true;
    std::erase_if(work.changes, [this](const auto& change) {
        if (change.second) bytes_ -= change.second->size();
        return change.second != nullptr;
    });
    work.refused.clear();
    // What is wanted is not known any more, so nothing can be called superfluous.
    work.whole.reset();
}

void Backlog::add(Work& work, Row row, bool flows) {
    if (work.left_out) return;
    row.data = storable(std::move(row.data));
    row.labels = storable(std::move(row.labels));
    row.annotations = storable(std::move(row.annotations));
    auto kept = std::make_shared<const Row>(std::move(row));
    const auto key = kept->key;
    work.refused.erase(key);
    drop(work, key);
    if (!flows && bytes_ + kept->size() > options_.waiting_bytes) return leave_out(work);
    bytes_ += kept->size();
    if (work.whole) work.whole->keys.insert(key);
    work.changes.emplace(key, std::move(kept));
}

void Backlog::put(const Owner& owner, std::vector<Row> rows, bool flows) {
    auto& work = work_of(owner);
    for (auto& row : rows) add(work, std::move(row), flows);
    queue(owner, work);
}

void Backlog::remove(const Owner& owner, const std::vector<Key>& keys) {
    auto& work = work_of(owner);
    for (const auto& key : keys) {
        work.refused.erase(key);
        drop(work, key);
        work.changes.emplace(key, nullptr);
        if (work.whole) work.whole->keys.erase(key);
    }
    queue(owner, work);
}

void Backlog::replace(const Owner& owner, std::vector<Row> rows, bool flows) {
    auto& work = work_of(owner);
    leave_out(work);
    work.left_out = false;
    work.changes.clear();
    work.whole = Whole{{}, ++versions_};
    for (auto& row : rows) add(work, std::move(row), flows);
    queue(owner, work);
}

void Backlog::remove_all(const Owner& owner) {
    auto& work = work_of(owner);
    leave_out(work);
    work.left_out = false;
    work.changes.clear();
    ++work.clearing;
    work.not_before = {};
    queue(owner, work);
}

void Backlog::release(const Owner& owner) {
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return;
    leave_out(found->second);
    std::erase(turns_, owner);
    if (!found->second.busy) {
        owners_.erase(found);
        return;
    }
    // The job under way is answered yet.
    found->second = Work{};
    found->second.busy = true;
}

/// What was refused gets another chance after its time.
void Backlog::revive(Work& work, Instant now) {
    if (work.refused.empty() || now < work.refused_again) return;
    for (auto& [key, refused] : work.refused) {
        if (work.changes.contains(key)) continue;
        if (refused.row) bytes_ += refused.row->size();
        work.changes.emplace(key, std::move(refused.row));
    }
    work.refused.clear();
    work.revived = std::min(work.revived + 1, refused_doublings);
}

std::optional<Job> Backlog::take(Instant now, bool flows) {
    for (auto left = turns_.size(); left > 0; --left) {
        const auto owner = std::move(turns_.front());
        turns_.pop_front();
        auto& work = owners_.at(owner);
        if (now >= work.not_before) revive(work, now);
        const bool must_wait = work.left_out && work.clearing == 0 && !flows;
        if (now < work.not_before || !work.wanting() || must_wait) {
            work.queued = false;
            queue(owner, work);
            continue;
        }
        work.queued = false;
        work.busy = true;
        work.owes_word = true;
        if (work.clearing > 0) {
            work.cleared = work.clearing;
            return Job{owner, RemoveAll{}};
        }
        if (work.left_out) return Job{owner, AskAgain{}};
        if (work.changes.empty()) {
            work.whole_given = work.whole->version;
            return Job{owner, KeepRows{{work.whole->keys.begin(), work.whole->keys.end()}}};
        }

        PutRows put;
        RemoveRows removal;
        std::size_t bytes = 0;
        for (const auto& [key, row] : work.changes) {
            if (std::max(put.rows.size(), removal.keys.size()) >= options_.batch_rows) break;
            if (row == nullptr) {
                removal.keys.push_back(key);
                continue;
            }
            if (!put.rows.empty() && bytes + row->size() > options_.batch_bytes) break;
            bytes += row->size();
            put.rows.push_back(row);
        }
        if (!removal.keys.empty()) return Job{owner, std::move(removal)};
        return Job{owner, std::move(put)};
    }
    return {};
}

/// The row that was given out, or its removal, is in the database, or was refused there.
void Backlog::settle(Work& work, const Key& key, const RowPtr& given, const std::string* refused) {
    const auto found = work.changes.find(key);
    // It was put or removed anew meanwhile.
    if (found == work.changes.end() || found->second != given) return;
    if (refused != nullptr) work.refused[key] = {given, *refused};
    drop(work, key);
}

void Backlog::hinder(Work& work, const Outcome& outcome, Instant now) const {
    work.hindered = outcome.later.empty() ? 0 : work.hindered + 1;
    work.hindrance = outcome.later.empty() ? "" : outcome.later.front().message;
    if (outcome.later.empty()) return;
    const auto shift = std::min(work.hindered - 1, 16u);
    work.not_before = now + std::min(options_.backoff_first * (1 << shift), options_.backoff_last);
}

void Backlog::done(const Job& job, const Outcome& outcome, Instant now) {
    const auto found = owners_.find(job.owner);
    if (found == owners_.end()) return;
    auto& work = found->second;
    work.busy = false;
    if (outcome.written) work.last_written = std::max(work.last_written.value_or(WallTime{}), *outcome.written);
    std::map<Key, const std::string*> refused;
    for (const auto& one : outcome.refused) refused.emplace(one.key, &one.message);
    std::set<Key> later;
    for (const auto& one : outcome.later) later.insert(one.key);
    const auto settle_one = [&](const Key& key, const RowPtr& given) {
        const auto why = refused.find(key);
        if (!later.contains(key)) settle(work, key, given, why == refused.end() ? nullptr : why->second);
    };
    if (work.refused.empty()) work.refused_again = now + options_.refused_again * (1 << work.revived);
    hinder(work, outcome, now);
    std::visit(Match{[&](const PutRows& put) {
                         for (const auto& row : put.rows) settle_one(row->key, row);
                         work.stored = work.stored || refused.size() + later.size() < put.rows.size();
                     },
                     [&](const RemoveRows& removal) {
                         for (const auto& key : removal.keys) settle_one(key, nullptr);
                     },
                     [&](const KeepRows&) {
                         if (!later.empty()) return;
                         if (work.whole && work.whole->version == work.whole_given) work.whole.reset();
                         work.stored = true;
                     },
                     [&](const RemoveAll&) {
                         if (!later.empty()) return;
                         if (work.clearing == work.cleared) work.clearing = 0;
                         work.stored = false;
                         work.last_written.reset();
                     },
                     [&](const AskAgain&) { work.left_out = false; }},
               job.what);
    if (work.refused.empty() && !work.wanting()) work.revived = 0;
    const bool forgettable = std::holds_alternative<RemoveAll>(job.what) && !work.wanting() && work.refused.empty();
    if (forgettable) {
        owners_.erase(found);
    } else {
        queue(job.owner, work);
    }
}

void Backlog::back(const Job& job) {
    const auto found = owners_.find(job.owner);
    if (found == owners_.end()) return;
    found->second.busy = false;
    queue(job.owner, found->second);
}

std::size_t Backlog::ready(Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(turns_, [&](const Owner& owner) {
        const auto& work = owners_.at(owner);
        return now >= work.not_before && (work.wanting() || now >= work.refused_again);
    }));
}

std::optional<Instant> Backlog::next(Instant now) const {
    std::optional<Instant> next;
    for (const auto& owner : turns_) {
        const auto& work = owners_.at(owner);
        const auto at = work.wanting() ? work.not_before : std::max(work.not_before, work.refused_again);
        if (at > now && (!next || at < *next)) next = at;
    }
    return next;
}

bool Backlog::empty() const {
    return std::ranges::none_of(owners_, [](const auto& owner) {
        const auto& work = owner.second;
        return work.clearing > 0 || (!work.left_out && work.wanting());
    });
}

OwnerState Backlog::state_of(const Work& work) {
    OwnerState state;
    state.refused = work.refused.size();
    state.waiting = work.changes.size() + work.refused.size() + (work.left_out ? 1 : 0) + (work.clearing > 0 ? 1 : 0);
    if (state.waiting == 0 && work.whole) state.waiting = 1;
    for (const auto& [key, refused] : work.refused) {
        if (state.refusals.size() == shown_refusals) break;
        state.refusals.emplace_back(key, refused.message);
    }
    state.message = work.hindrance;
    state.last_written = work.last_written;
    return state;
}

OwnerState Backlog::state(const Owner& owner) const {
    const auto found = owners_.find(owner);
    return found == owners_.end() ? OwnerState{} : state_of(found->second);
}

std::optional<OwnerState> Backlog::news(const Owner& owner) {
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return {};
    auto state = state_of(found->second);
    auto& told = found->second.told;
    const bool settled = state.waiting == state.refused;
    if (settled && std::exchange(found->second.owes_word, false)) {
        told = state;
        return state;
    }
    if (state == told || (!settled && state.refusals == told.refusals && state.message == told.message)) return {};
    told = state;
    return state;
}

void Backlog::forget_stored() {
    for (auto& [owner, work] : owners_) {
        if (!work.stored) continue;
        work.stored = false;
        leave_out(work);
        queue(owner, work);
    }
}

}  // namespace moontide::store
