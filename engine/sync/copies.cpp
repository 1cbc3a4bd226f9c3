#include "sync/copies.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {

std::size_t policy_named(const Board& board, const std::string& name) {
    const auto found = std::find_if(board.policies.begin(), board.policies.end(),
                                    [&](const auto& running) { return running->shape().name == name; });
    return found == board.policies.end() ? Unit::no_policy : static_cast<std::size_t>(found - board.policies.begin());
}

/// The records have this object at this version or a later one, from the watch itself.
bool is_known(const plan::Record* known, const plan::Uid& uid, kube::ResourceVersion version) {
    return known != nullptr && !known->unwatched && known->uid == uid && known->resource_version >= version;
}

}  // namespace

std::optional<plan::Record> record_of(Board& board, const plan::Live& live) {
    if (!live.claim) return std::nullopt;
    const auto& claim = *live.claim;
    // Another place: a clone, its user's. Another instance: another engine's.
    if (claim.instance != board.options.instance) return std::nullopt;
    if (claim.place != plan::Place{board.cluster, live.namespace_name, live.name}) return std::nullopt;
    plan::Record record;
    record.uid = live.uid;
    record.hash = live.hash;
    record.resource_version = live.resource_version;
    record.unit = board.units.id(claim.bond, policy_named(board, claim.bond.policy));
    record.keys = board.names.id(plan::keys_text(claim.labels, claim.annotations));
    record.plain = live.plain;
    record.made = claim.making == plan::Making::made;
    record.terminating = live.terminating;
    record.immutable = live.immutable;
    record.labelled = live.our_labels;
    record.edited = live.hash != claim.hash;
    return record;
}

Copies::Copies(Board& board, plan::KindId kind, std::function<void(bool first)> synced)
    : board_(board), kind_(kind), synced_(std::move(synced)) {}

void Copies::look_at(const plan::TargetKey& target, plan::UnitId unit, bool by_others) {
    if (!once_synced_) return;  // the start looks at everything
    if (by_others) {
        // Deleted or edited by somebody: counted, so that a fight over one copy slows down.
        board_.have.with([&](plan::Have& have) { have.rivalries()[target].again = true; });
    }
    board_.queue.add({unit, target.namespace_name});
}

void Copies::relist_begun() {
    listed_.clear();
}

void Copies::relist_abandoned() {
    listed_.clear();
}

void Copies::listed(std::string_view object_json) {
    const auto live = reader_.read(object_json);
    if (!live) {
        log::warn("skipped a copy that cannot be read", {{"message", live.error().message}});
        return;
    }
    const auto record = record_of(board_, *live);
    if (!record) return;
    if (live->claim && !policies_gone_.contains(live->claim->bond.policy) &&
        policy_named(board_, live->claim->bond.policy) == Unit::no_policy) {
        policies_gone_.insert(live->claim->bond.policy);
        log::warn("copies of a policy that is not loaded stay as they are", {{"policy", live->claim->bond.policy}});
    }
    listed_.insert_or_assign({board_.names.id(live->namespace_name), board_.names.id(live->name), kind_}, *record);
}

void Copies::relisted(kube::ResourceVersion version) {
    std::vector<std::pair<plan::TargetKey, plan::UnitId>> stirred;
    board_.have.with([&](plan::Have& have) {
        std::vector<plan::TargetKey> gone;
        have.each([&](const plan::TargetKey& target, const plan::Record& record) {
            if (target.kind == kind_ && !record.unwatched && !listed_.contains(target)) {
                gone.push_back(target);
                stirred.emplace_back(target, record.unit);
            }
        });
        for (const auto& target : gone) have.remove(target);
        for (const auto& [target, record] : listed_) {
            const auto* known = have.record(target);
            if (is_known(known, record.uid, record.resource_version)) continue;
            const bool changed = known == nullptr || known->hash != record.hash || known->unit != record.unit ||
                                 known->terminating != record.terminating || known->labelled != record.labelled;
            have.put(target, record);
            const bool own = have.caught_up(target, record.uid, record.resource_version, false);
            if (changed && !own) stirred.emplace_back(target, record.unit);
        }
        have.relisted(kind_, version);
    });
    listed_.clear();
    for (const auto& [target, unit] : stirred) look_at(target, unit, false);
    const bool first = !once_synced_;
    once_synced_ = true;
    synced_(first);
    board_.stirred();
}

void Copies::changed(watch::EventType type, std::string_view object_json) {
    const auto live = reader_.read(object_json);
    if (!live) {
        log::warn("skipped a copy that cannot be read", {{"message", live.error().message}});
        return;
    }
    const bool deleted = type == watch::EventType::deleted;
    const auto record = deleted ? std::nullopt : record_of(board_, *live);
    const plan::TargetKey target{board_.names.id(live->namespace_name), board_.names.id(live->name), kind_};

    std::optional<plan::UnitId> unit;
    bool by_others = false;
    board_.have.with([&](plan::Have& have) {
        const auto* known = have.record(target);
        if (is_known(known, live->uid, live->resource_version)) return;
        const auto before = known == nullptr ? std::optional<plan::Record>() : *known;
        // A late deletion of an object in whose place another one is known already.
        if (deleted && before && before->uid != live->uid && before->resource_version > live->resource_version) return;
        const bool own = have.caught_up(target, live->uid, live->resource_version, deleted);
        if (record) {
            have.put(target, *record);
        } else {
            have.remove(target);
        }
        if (own) return;
        if (record) {
            const bool changed = !before || before->hash != record->hash || before->unit != record->unit ||
                                 before->terminating != record->terminating || before->labelled != record->labelled ||
                                 before->uid != record->uid;
            if (changed) unit = record->unit;
            by_others = record->edited;
        } else if (before) {
            unit = before->unit;
            by_others = true;
        }
        // Whoever waits for the target may have it now.
        if (!record && before) {
            for (const auto candidate : have.candidates(target)) board_.queue.add({candidate, target.namespace_name});
        }
    });
    if (unit) look_at(target, *unit, by_others);
    board_.stirred();
}

void Copies::progressed(kube::ResourceVersion version) {
    board_.have.with([&](plan::Have& have) { have.progressed(kind_, version); });
    board_.stirred();
}

}  // namespace moontide::sync
