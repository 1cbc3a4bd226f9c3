#include "sync/stored_rows.hpp"

#include "base/log.hpp"
#include "sync/owners.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace moontide::sync {

namespace {

/// A status waits so long for rows that are on their way.
constexpr Milliseconds rows_patience{3'000};

std::string name_of(const kube::Ref& secret) {
    return secret.namespace_name + "/" + secret.name;
}

store::Key row_key(const kube::Ref& source) {
    return {source.namespace_name, source.name};
}

std::string text_of(const store::OwnerState& state) {
    std::string text;
    if (state.refused > 0) {
        text = std::to_string(state.refused) + (state.refused == 1 ? " row is refused" : " rows are refused");
        for (const auto& [key, why] : state.refusals) text += "; " + key.namespace_name + "/" + key.name + ": " + why;
    }
    if (!state.message.empty()) text += (text.empty() ? "" : "; ") + state.message;
    return text.empty() ? "rows are written" : text;
}

}  // namespace

StoredRows::StoredRows(Board& board, Loop& io)
    : board_(board),
      databases_(
          board, io,
          {.changed = [this](const kube::Ref& secret) { stir(secret); },
           .moved =
               [this](const kube::Ref& secret) {
                   std::vector<plan::UnitId> owners;
                   {
                       const std::scoped_lock lock(mutex_);
                       for (const auto& [id, kept] : owners_) {
                           if (kept->secret == secret) owners.push_back(id);
                       }
                   }
                   for (const auto id : owners) {
                       if (const auto unit = board_.units.get(id)) say_they_stay(*unit, secret);
                   }
               },
           .told = [this](const kube::Ref& secret, std::uint64_t, const store::Owner& owner) { stir(secret, &owner); },
           .gone = [this](const kube::Ref& secret, std::uint64_t number,
                          const store::Owner& owner) { gone(secret, number, owner); },
           .again =
               [this](const kube::Ref& secret, std::uint64_t, const store::Owner& owner) {
                   {
                       const std::scoped_lock lock(mutex_);
                       for (const auto& [id, kept] : owners_) {
                           if (kept->secret == secret && kept->owner == owner) kept->wants_all = true;
                       }
                   }
                   stir(secret, &owner);
               }}) {}

void StoredRows::stir(const kube::Ref& secret, const store::Owner* owner) {
    std::vector<plan::UnitId> owners;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [id, kept] : owners_) {
            if (kept->secret == secret && (owner == nullptr || kept->owner == *owner)) owners.push_back(id);
        }
    }
    for (const auto id : owners) {
        if (const auto unit = board_.units.get(id)) owner_stirred(board_, *unit);
    }
    board_.stirred();
}

void StoredRows::gone(const kube::Ref& secret, std::uint64_t number, const store::Owner& owner) {
    std::vector<plan::UnitId> forgotten;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [id, kept] : owners_) {
            if (kept->secret != secret || kept->owner != owner || kept->course != Course::removed) continue;
            if (kept->removed_from != number) continue;
            kept->course = Course::gone;
            if (kept->forgotten) forgotten.push_back(id);
        }
    }
    stir(secret, &owner);
    for (const auto id : forgotten) drop(id);
}

void StoredRows::say_they_stay(const Unit& owner, const kube::Ref& secret) {
    const auto text = "rows stay as they are in the database that Secret " + name_of(secret) + " led to";
    log::info("rows stay in their database",
              {{"owner", owner_text(owner.bond)}, {"policy", owner.bond.policy}, {"secret", name_of(secret)}});
    if (!board_.events || owner.bond.owner_uid.empty()) return;
    board_.events->tell(
        {owner.bond.owner, owner.bond.owner_uid, status::Notice::Type::normal, "RowsLeft", text, name_of(secret)});
}

StoredRows::KeptPtr StoredRows::take(const Unit& owner, const kube::Ref& secret, Course course) {
    {
        const std::scoped_lock lock(mutex_);
        if (last_states_) return nullptr;
        const auto found = owners_.find(owner.id);
        if (found != owners_.end() && found->second->secret == secret) {
            auto& kept = *found->second;
            kept.forgotten = false;
            // Where its rows were to go, or have gone, they come anew.
            if (course == Course::kept && kept.course != Course::kept) {
                kept.course = course;
                kept.wants_all = true;
                kept.removed_from = 0;
            }
            return found->second;
        }
    }
    release(owner);
    databases_.use(secret);
    const auto& ref = owner.bond.owner;
    auto kept = std::make_shared<Kept>(
        Kept{.secret = secret, .owner = {ref.namespace_name, ref.name}, .since = std::chrono::steady_clock::now()});
    const std::scoped_lock lock(mutex_);
    return owners_[owner.id] = std::move(kept);
}

void StoredRows::release(const Unit& owner) {
    KeptPtr kept;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = owners_.find(owner.id);
        if (found == owners_.end() || last_states_) return;
        kept = found->second;
    }
    if (kept->course != Course::gone) {
        const auto number = databases_.state(kept->secret, kept->owner).store;
        databases_.with(kept->secret, number, [&](store::Store& store) { store.release(kept->owner); });
        say_they_stay(owner, kept->secret);
    }
    drop(owner.id);
}

void StoredRows::drop(plan::UnitId owner) {
    const std::scoped_lock lock(mutex_);
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return;
    const auto secret = found->second->secret;
    owners_.erase(found);
    const bool used = std::ranges::any_of(owners_, [&](const auto& one) { return one.second->secret == secret; });
    if (!used) databases_.leave(secret);
}

void StoredRows::keep(const Unit& owner, const std::optional<kube::Ref>& secret, const Sources& sources) {
    if (!secret) return release(owner);
    const auto kept = take(owner, *secret, Course::kept);
    if (!kept) return;
    const auto number = databases_.state(*secret, kept->owner).store;
    if (number == 0) return;  // it is told when there is one
    const std::set<kube::Ref> unproven(sources.unproven.begin(), sources.unproven.end());
    bool all = kept->store != number || (kept->superfluous && unproven.empty());
    {
        const std::scoped_lock lock(mutex_);
        all = std::exchange(kept->wants_all, false) || all;
    }
    auto& given = kept->given;
    if (all) given.clear();

    std::vector<store::Row> rows;
    std::set<store::Key> stay;
    for (const auto& source : sources.there) {
        const store::Key key{std::string(source->namespace_name()), std::string(source->name())};
        stay.insert(key);
        const auto known = given.find(key);
        if (known != given.end() && known->second == source->resource_version()) continue;
        auto row = store::Row::of(source->json());
        if (!row) {
            log::error("a source makes no row",
                       {{"source", key.namespace_name + "/" + key.name}, {"message", row.error().message}});
            continue;
        }
        given[key] = source->resource_version();
        rows.push_back(std::move(*row));
    }
    for (const auto& ref : unproven) stay.insert(row_key(ref));
    std::vector<store::Key> leave;
    for (const auto& [key, version] : given) {
        if (!stay.contains(key)) leave.push_back(key);
    }
    for (const auto& key : leave) given.erase(key);

    if (!all && rows.empty() && leave.empty()) return;
    {
        const std::scoped_lock lock(mutex_);
        kept->since = std::chrono::steady_clock::now();
    }
    const bool done = databases_.with(*secret, number, [&](store::Store& store) {
        if (all && unproven.empty()) return store.replace(kept->owner, std::move(rows));
        if (!rows.empty()) store.put(kept->owner, std::move(rows));
        if (!leave.empty()) store.remove(kept->owner, leave);
    });
    kept->store = done ? number : 0;
    if (all) kept->superfluous = !unproven.empty();
}

std::optional<std::string> StoredRows::left(const Unit& owner, const std::optional<kube::Ref>& secret) {
    if (!secret) {
        release(owner);
        return std::nullopt;
    }
    const auto kept = take(owner, *secret, Course::removed);
    if (!kept) return "the engine ends";
    const auto database = databases_.state(*secret, kept->owner);
    bool ask = false;
    {
        const std::scoped_lock lock(mutex_);
        if (kept->course == Course::gone) return std::nullopt;
        kept->course = Course::removed;
        ask = database.store != 0 && std::exchange(kept->removed_from, database.store) != database.store;
    }
    if (ask) databases_.with(*secret, database.store, [&](store::Store& store) { store.remove_all(kept->owner); });
    const std::string wait = "its rows wait to be deleted: ";
    if (database.store == 0) return wait + (database.message.empty() ? "the Secret is read" : database.message);
    if (!database.database.ready) return wait + database.database.message;
    return database.owner.message.empty() ? "its rows are being deleted" : wait + database.owner.message;
}

std::optional<policy::Report::Store> StoredRows::state(const Unit& owner) {
    const std::scoped_lock lock(mutex_);
    if (last_states_) {
        const auto found = last_states_->find(owner.id);
        return found == last_states_->end() ? std::nullopt : std::optional(found->second);
    }
    const auto found = owners_.find(owner.id);
    return found == owners_.end() ? std::nullopt : state_now(*found->second);
}

/// Under the lock.
std::optional<policy::Report::Store> StoredRows::state_now(const Kept& kept) const {
    const auto now = databases_.state(kept.secret, kept.owner);
    const bool recent = std::chrono::steady_clock::now() - kept.since < rows_patience;
    if (recent && (!now.known || (now.store != 0 && !now.database.tried))) return std::nullopt;
    policy::Report::Store out;
    if (now.store == 0) {
        out.reason = now.reason.empty() ? "Connecting" : now.reason;
        out.message = now.message.empty() ? "Secret " + name_of(kept.secret) + " is read" : now.message;
        return out;
    }
    const auto& database = now.database;
    out.connected = database.ready;
    if (now.owner.last_written) out.last_sync_time = rfc3339(*now.owner.last_written);
    if (database.ready) {
        out.reason = now.owner.refused > 0 ? "RowsRefused" : "Connected";
        out.message = text_of(now.owner);
    } else {
        out.reason = database.connected ? "WriteFailed" : "ConnectionFailed";
        out.message = database.message;
    }
    return out;
}

bool StoredRows::is_busy(const Unit& owner) {
    const std::scoped_lock lock(mutex_);
    if (last_states_) return false;
    const auto found = owners_.find(owner.id);
    if (found == owners_.end()) return false;
    const auto& kept = *found->second;
    if (std::chrono::steady_clock::now() - kept.since >= rows_patience) return false;
    const auto now = databases_.state(kept.secret, kept.owner);
    if (!now.known) return true;
    if (now.store == 0) return false;
    if (!now.database.tried) return true;
    return now.database.ready && now.owner.waiting > now.owner.refused && now.owner.message.empty();
}

void StoredRows::forget(const Unit& owner) {
    // What only vanished may come back.
    const bool proven = owner.presence == Presence::deleted || owner.presence == Presence::proven;
    if (!proven) return;
    KeptPtr kept;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = owners_.find(owner.id);
        if (found == owners_.end() || last_states_ || found->second->forgotten) return;
        kept = found->second;
        kept->forgotten = true;
    }
    // Where its finalizer was taken off by hand, its rows are there yet.
    const auto number = databases_.state(kept->secret, kept->owner).store;
    bool asked = false;
    {
        const std::scoped_lock lock(mutex_);
        if (kept->course != Course::gone && number != 0) {
            kept->course = Course::removed;
            kept->removed_from = number;
            asked = true;
        }
    }
    asked = asked && databases_.with(kept->secret, number, [&](store::Store& store) { store.remove_all(kept->owner); });
    if (!asked) drop(owner.id);
}

void StoredRows::close() {
    {
        const std::scoped_lock lock(mutex_);
        if (last_states_) return;
        std::map<plan::UnitId, policy::Report::Store> states;
        for (const auto& [id, kept] : owners_) {
            if (auto state = state_now(*kept)) states.emplace(id, std::move(*state));
        }
        last_states_ = std::move(states);
    }
    databases_.close();
}

void StoredRows::join() {
    databases_.join();
}

}  // namespace moontide::sync
