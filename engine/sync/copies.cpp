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

/// A claim of ours for the place where it stands. Another place: a clone, its user's. Another instance: another
/// engine's.
bool is_ours(const Board& board, const plan::Live& live, const plan::Claim& claim) {
    return claim.instance == board.options.instance && board.is_here(claim.place, live.namespace_name, live.name);
}

plan::Record record_from(Board& board, const plan::Live& live, const plan::Claim& claim) {
    plan::Record record;
    record.uid = live.uid;
    record.resource_version = live.resource_version;
    record.unit = board.units.id(claim.bond, policy_named(board, claim.bond.policy));
    record.keys = board.names.id(plan::keys_text(claim.labels, claim.annotations));
    record.made = claim.making == plan::Making::made;
    record.terminating = live.terminating;
    record.immutable = live.immutable;
    record.fields = claim.writes == policy::Writes::fields;
    return record;
}

plan::Record record_from(Board& board, const plan::Live& live, const plan::LivePart& part) {
    auto record = record_from(board, live, part.claim);
    record.hash = part.hash;
    record.edited = part.hash != part.claim.hash;
    record.labelled = part.labelled;
    record.joined = true;
    record.managed = part.managed;
    record.lists = part.lists;
    return record;
}

}  // namespace

std::optional<plan::Record> record_of(Board& board, const plan::Live& live) {
    if (!live.claim || !is_ours(board, live, *live.claim)) return std::nullopt;
    auto record = record_from(board, live, *live.claim);
    record.hash = live.hash;
    record.edited = live.hash != live.claim->hash;
    record.plain = live.plain;
    record.labelled = live.our_labels;
    return record;
}

std::optional<plan::Record> part_of(Board& board, const plan::Live& live, plan::UnitId unit) {
    for (const auto& part : live.parts) {
        if (!is_ours(board, live, part.claim)) continue;
        const auto record = record_from(board, live, part);
        if (record.unit == unit) return record;
    }
    return std::nullopt;
}

Copies::Copies(Board& board, plan::KindId kind, plan::Watched watched, std::function<void(bool first)> synced)
    : board_(board), kind_(kind), watched_(watched), synced_(std::move(synced)) {}

std::map<plan::TargetKey, plan::Record> Copies::records_in(const plan::Live& live) const {
    const plan::TargetKey whole{board_.names.id(live.namespace_name), board_.names.id(live.name), kind_};
    std::map<plan::TargetKey, plan::Record> records;
    if (watched_ == plan::Watched::copies) {
        if (const auto record = record_of(board_, live)) records.emplace(whole, *record);
        return records;
    }
    for (const auto& part : live.parts) {
        if (!is_ours(board_, live, part.claim)) continue;
        const auto record = record_from(board_, live, part);
        records.emplace(whole.part_of(record.unit), record);
    }
    return records;
}

void Copies::look_at(const plan::TargetKey& target, plan::UnitId unit, bool by_others) {
    if (!once_synced_) return;  // the start looks at everything
    if (by_others) {
        // Deleted or edited by somebody: counted, so that a fight over one copy slows down.
        board_.have.with([&](plan::Have& have) { have.rivalries()[target].again = true; });
    }
    board_.queue.add({unit, target.namespace_name});
}

void Copies::relist_begun() {
    listing_ = true;
    listed_.clear();
}

void Copies::relist_abandoned() {
    listing_ = false;
    listed_.clear();
}

void Copies::listed(std::string_view object_json) {
    const auto live = reader_.read(object_json);
    if (!live) {
        log::warn("skipped a copy that cannot be read", {{"message", live.error().message}});
        return;
    }
    for (const auto& [target, record] : records_in(*live)) {
        listed_.insert_or_assign(target, record);
        const auto unit = board_.units.get(record.unit);
        if (unit && unit->policy == Unit::no_policy && policies_gone_.insert(unit->bond.policy).second) {
            log::warn("copies of a policy that is not loaded stay as they are; `moontide release` lets go of them",
                      {{"policy", unit->bond.policy}});
        }
    }
}

void Copies::relisted(kube::ResourceVersion version) {
    std::vector<std::pair<plan::TargetKey, plan::UnitId>> stirred;
    board_.have.with([&](plan::Have& have) {
        std::vector<plan::TargetKey> gone;
        have.each([&](const plan::TargetKey& target, const plan::Record& record) {
            const bool of_this_watch = target.kind == kind_ && record.joined == (watched_ == plan::Watched::parts);
            if (of_this_watch && !record.unwatched && !listed_.contains(target)) {
                gone.push_back(target);
                stirred.emplace_back(target, record.unit);
            }
        });
        for (const auto& target : gone) have.lose(target);
        for (const auto& [target, record] : listed_) {
            const auto* known = have.record(target);
            if (is_known(known, record.uid, record.resource_version)) continue;
            const bool changed = known == nullptr || known->hash != record.hash || known->unit != record.unit ||
                                 known->terminating != record.terminating || known->labelled != record.labelled;
            have.put(target, record);
            const bool own = have.caught_up(target, record.uid, record.resource_version, false);
            if (changed && !own) stirred.emplace_back(target, record.unit);
        }
        const auto vanished = have.relisted(kind_, watched_, version);
        stirred.insert(stirred.end(), vanished.begin(), vanished.end());
    });
    listed_.clear();
    for (const auto& [target, unit] : stirred) look_at(target, unit, false);
    const bool first = !once_synced_;
    listing_ = false;
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
    const auto records = deleted ? std::map<plan::TargetKey, plan::Record>() : records_in(*live);
    const plan::TargetKey whole{board_.names.id(live->namespace_name), board_.names.id(live->name), kind_};

    std::vector<std::pair<plan::TargetKey, News>> news;
    board_.have.with([&](plan::Have& have) {
        std::set<plan::TargetKey> targets;
        if (watched_ == plan::Watched::copies) {
            targets.insert(whole);
        } else {
            for (const auto& part : have.parts_at(whole)) targets.insert(part);
        }
        for (const auto& [target, record] : records) targets.insert(target);
        for (const auto& target : targets) {
            const auto found = records.find(target);
            const auto record = found == records.end() ? std::nullopt : std::optional(found->second);
            news.emplace_back(target, note(have, target, *live, record, deleted));
        }
    });
    for (const auto& [target, one] : news) {
        if (one.unit) look_at(target, *one.unit, one.by_others);
    }
    board_.stirred();
}

Copies::News Copies::note(plan::Have& have, const plan::TargetKey& target, const plan::Live& live,
                          const std::optional<plan::Record>& record, bool deleted) {
    // A part ends while its object stays and others' parts keep it in the watch.
    const bool ended = deleted || (watched_ == plan::Watched::parts && !record);
    const auto* known = have.record(target);
    if (is_known(known, live.uid, live.resource_version)) return {};
    const auto before = known == nullptr ? std::optional<plan::Record>() : *known;
    // A late deletion of an object in whose place another one is known already.
    if (ended && before && before->uid != live.uid && before->resource_version > live.resource_version) return {};
    const bool own = have.caught_up(target, live.uid, live.resource_version, ended);
    if (record) {
        have.put(target, *record);
    } else if (deleted && !own) {
        have.lose(target);
    } else {
        have.remove(target);
    }
    if (own) return {};
    News news;
    if (record) {
        const bool changed = !before || before->hash != record->hash || before->unit != record->unit ||
                             before->terminating != record->terminating || before->labelled != record->labelled ||
                             before->uid != record->uid;
        if (changed) news.unit = record->unit;
        news.by_others = record->edited;
    } else if (before) {
        news.unit = before->unit;
        news.by_others = true;
        // Whoever waits for the target may have it now.
        for (const auto candidate : have.candidates(target)) board_.queue.add({candidate, target.namespace_name});
    }
    return news;
}

void Copies::progressed(kube::ResourceVersion version) {
    board_.have.with([&](plan::Have& have) { have.progressed(kind_, watched_, version); });
    board_.stirred();
}

}  // namespace moontide::sync
