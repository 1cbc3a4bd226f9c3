#include "plan/have.hpp"

#include <algorithm>
#include <utility>

namespace moontide::plan {

namespace {

/// The watch of our label will show it, or has.
bool is_watched(const Sighting& sighting) {
    const auto* record = std::get_if<Record>(&sighting.standing);
    return sighting.version != 0 && record != nullptr && (record->labelled || sighting.own_write);
}

Watched watch_of(const TargetKey& target) {
    return target.part == 0 ? Watched::copies : Watched::parts;
}

}  // namespace

const Record* Have::record(const TargetKey& target) const {
    const auto found = records_.find(target);
    return found == records_.end() ? nullptr : &found->second;
}

std::optional<Record> Have::put(const TargetKey& target, const Record& record) {
    give_up(target);
    const auto known = records_.find(target);
    if (known != records_.end() && known->second.unit == record.unit) return std::exchange(known->second, record);
    auto before = remove(target);
    records_[target] = record;
    if (target.part != 0) parts_[target.whole()].insert(target.part);
    auto& of_unit = by_unit_[record.unit];
    of_unit.insert(std::lower_bound(of_unit.begin(), of_unit.end(), target), target);
    return before;
}

std::optional<Record> Have::remove(const TargetKey& target) {
    const auto found = records_.find(target);
    if (found == records_.end()) return std::nullopt;
    const Record before = found->second;
    records_.erase(found);
    accepted_.erase(target);
    drop_part(target);
    const auto of_unit = by_unit_.find(before.unit);
    of_unit->second.erase(std::lower_bound(of_unit->second.begin(), of_unit->second.end(), target));
    if (of_unit->second.empty()) by_unit_.erase(of_unit);
    return before;
}

void Have::lose(const TargetKey& target) {
    if (const auto before = remove(target)) lose(target, before->unit, before->resource_version);
}

void Have::lose(const TargetKey& target, UnitId unit, kube::ResourceVersion version) {
    give_up(target);
    lost_[target] = {unit, version};
    lost_by_.add(unit, target);
}

void Have::give_up(const TargetKey& target) {
    const auto found = lost_.find(target);
    if (found == lost_.end()) return;
    lost_by_.remove(found->second.unit, target);
    lost_.erase(found);
}

std::vector<TargetKey> Have::lost_by(UnitId unit, NameId namespace_name) const {
    std::vector<TargetKey> targets;
    lost_by_.for_each(unit, namespace_name, [&](const TargetKey& target) { targets.push_back(target); });
    return targets;
}

std::vector<TargetKey> Have::targets_of(UnitId unit) const {
    const auto found = by_unit_.find(unit);
    if (found == by_unit_.end()) return {};
    return found->second;
}

std::vector<TargetKey> Have::targets_of(UnitId unit, NameId namespace_name) const {
    const auto found = by_unit_.find(unit);
    if (found == by_unit_.end()) return {};
    const auto begin = std::lower_bound(found->second.begin(), found->second.end(), TargetKey{namespace_name, 0, 0});
    const auto end = std::lower_bound(begin, found->second.end(), TargetKey{namespace_name + 1, 0, 0});
    return {begin, end};
}

std::size_t Have::count_of(UnitId unit) const {
    const auto found = by_unit_.find(unit);
    return found == by_unit_.end() ? 0 : found->second.size();
}

std::vector<TargetKey> Have::parts_at(const TargetKey& whole) {
    const auto found = parts_.find(whole);
    if (found == parts_.end()) return {};
    std::vector<TargetKey> parts;
    for (const auto unit : found->second) {
        const auto part = whole.part_of(unit);
        if (records_.contains(part) || sightings_.contains(part)) parts.push_back(part);
    }
    if (parts.empty()) parts_.erase(found);
    return parts;
}

std::unordered_set<UnitId> Have::units_in_hand() const {
    std::unordered_set<UnitId> units;
    const auto take = [&](UnitId unit) { units.insert(unit); };
    sighted_.each_unit(take);
    ticketed_.each_unit(take);
    contested_.each_unit(take);
    lost_by_.each_unit(take);
    for (const auto& [target, ticket] : tickets_) units.insert(ticket.again.begin(), ticket.again.end());
    troubles_.each([&](const TargetKey&, const Trouble& trouble) { units.insert(trouble.unit); });
    return units;
}

void Have::see(const TargetKey& target, Sighting sighting) {
    const auto* known = record(target);
    // A record by marks says less than any look at the object.
    const bool by_record =
        known != nullptr && !known->by_marks && sighting.version != 0 && known->resource_version >= sighting.version;
    // Shown, and gone again before the answer came.
    const bool by_watch = is_watched(sighting) && sighting.version <= shown_[{target.kind, watch_of(target)}];
    // Its deletion was shown, and another object stands in its place.
    const bool by_successor = std::holds_alternative<Absent>(sighting.standing) && sighting.uid != Uid{} &&
                              known != nullptr && known->uid != sighting.uid && !sightings_.contains(target);
    unsee(target);
    if (by_record || by_watch || by_successor) return;
    const auto lost = lost_.find(target);
    const bool is_news = sighting.version == 0 || (lost != lost_.end() && sighting.version > lost->second.version);
    if (is_news || std::holds_alternative<Absent>(sighting.standing)) give_up(target);
    if (const auto* shown = std::get_if<Record>(&sighting.standing)) sighted_.add(shown->unit, target);
    sightings_[target] = std::move(sighting);
    if (target.part != 0) parts_[target.whole()].insert(target.part);
}

void Have::unsee(const TargetKey& target) {
    const auto found = sightings_.find(target);
    if (found == sightings_.end()) return;
    if (const auto* shown = std::get_if<Record>(&found->second.standing)) sighted_.remove(shown->unit, target);
    sightings_.erase(found);
    drop_part(target);
}

void Have::drop_part(const TargetKey& target) {
    if (target.part == 0 || records_.contains(target) || sightings_.contains(target)) return;
    const auto found = parts_.find(target.whole());
    if (found == parts_.end()) return;
    found->second.erase(target.part);
    if (found->second.empty()) parts_.erase(found);
}

const Sighting* Have::sighting(const TargetKey& target) const {
    const auto found = sightings_.find(target);
    return found == sightings_.end() ? nullptr : &found->second;
}

bool Have::caught_up(const TargetKey& target, const Uid& uid, kube::ResourceVersion version, bool deleted) {
    auto& shown = shown_[{target.kind, watch_of(target)}];
    shown = std::max(shown, version);
    const auto found = sightings_.find(target);
    if (found == sightings_.end()) return false;
    const auto& seen = found->second;
    const bool was_gone = std::holds_alternative<Absent>(seen.standing);
    bool caught = false;
    bool exactly = false;
    if (was_gone) {
        // Our deletion shows as this object's, or as a later object in its place.
        caught = (deleted && uid == seen.uid && version >= seen.version) || uid != seen.uid;
        exactly = deleted && uid == seen.uid;
    } else {
        caught = version >= seen.version;
        exactly = version == seen.version && !deleted;
    }
    // Its label was taken off, which is what was seen: the object is there.
    const auto* record = std::get_if<Record>(&seen.standing);
    if (deleted && version == seen.version && record != nullptr && !record->labelled) caught = false;
    if (!caught) return seen.own_write;
    const bool own = seen.own_write && exactly;
    unsee(target);
    return own;
}

void Have::progressed(KindId kind, Watched watched, kube::ResourceVersion version) {
    auto& shown = shown_[{kind, watched}];
    shown = std::max(shown, version);
    std::vector<TargetKey> shown_now;
    for (const auto& [target, seen] : sightings_) {
        if (target.kind == kind && watch_of(target) == watched && is_watched(seen) && seen.version <= version)
            shown_now.push_back(target);
    }
    for (const auto& target : shown_now) unsee(target);
}

std::vector<std::pair<TargetKey, UnitId>> Have::relisted(KindId kind, Watched watched, kube::ResourceVersion version) {
    std::vector<std::pair<TargetKey, UnitId>> vanished;
    for (const auto& [target, seen] : sightings_) {
        if (target.kind != kind || watch_of(target) != watched || !is_watched(seen) || seen.version > version) continue;
        const auto* written = std::get_if<Record>(&seen.standing);
        if (written != nullptr && record(target) == nullptr) vanished.emplace_back(target, written->unit);
    }
    for (const auto& [target, unit] : vanished) lose(target, unit, sightings_.at(target).version);
    progressed(kind, watched, version);
    std::erase_if(sightings_, [&](const auto& entry) {
        const auto& [target, seen] = entry;
        if (target.kind != kind || watch_of(target) != watched) return false;
        // No event will tell the deletion of what the list does not have.
        const bool gone = std::holds_alternative<Absent>(seen.standing) && record(target) == nullptr;
        return gone || std::holds_alternative<Foreign>(seen.standing);
    });
    return vanished;
}

void Have::forget_foreign(const TargetKey& target) {
    const auto found = sightings_.find(target);
    if (found == sightings_.end() || found->second.own_write) return;
    unsee(target);
}

const Accepted* Have::accepted(const TargetKey& target) const {
    const auto found = accepted_.find(target);
    return found == accepted_.end() ? nullptr : &found->second;
}

std::size_t Have::own_writes_unseen() const {
    return static_cast<std::size_t>(
        std::count_if(sightings_.begin(), sightings_.end(), [](const auto& entry) { return entry.second.own_write; }));
}

Standing Have::standing(const TargetKey& target) const {
    if (const auto* seen = sighting(target)) return seen->standing;
    if (const auto* known = record(target)) return *known;
    if (is_lost(target)) return Lost{};
    return Absent{};
}

UnitId Have::holder(const TargetKey& target) const {
    const auto known = standing(target);
    const auto* record = std::get_if<Record>(&known);
    return record == nullptr ? 0 : record->unit;
}

Ticket& Have::issue(const TargetKey& target, UnitId unit, bool creates) {
    auto& ticket = tickets_[target];
    ticketed_.remove(ticket.unit, target);
    ticketed_.add(unit, target);
    ticket = Ticket{.number = ++last_ticket_, .unit = unit, .creates = creates, .again = std::move(ticket.again)};
    return ticket;
}

Ticket* Have::ticket(const TargetKey& target) {
    const auto found = tickets_.find(target);
    return found == tickets_.end() ? nullptr : &found->second;
}

void Have::close(const TargetKey& target) {
    const auto found = tickets_.find(target);
    if (found == tickets_.end()) return;
    ticketed_.remove(found->second.unit, target);
    tickets_.erase(found);
}

void Have::contest(const TargetKey& target, UnitId unit) {
    auto& waiting = candidates_[target];
    if (std::find(waiting.begin(), waiting.end(), unit) == waiting.end()) waiting.push_back(unit);
    contested_.add(unit, target);
}

void Have::withdraw(const TargetKey& target, UnitId unit) {
    const auto found = candidates_.find(target);
    if (found == candidates_.end()) return;
    contested_.remove(unit, target);
    std::erase(found->second, unit);
    if (found->second.empty()) candidates_.erase(found);
}

bool Have::is_beside(const TargetKey& part, UnitId unit) const {
    if (part.part == 0) return false;
    const auto whole = holder(part.whole());
    return whole != 0 && whole != unit;
}

std::vector<UnitId> Have::candidates(const TargetKey& target) const {
    const auto found = candidates_.find(target);
    return found == candidates_.end() ? std::vector<UnitId>() : found->second;
}

std::vector<TargetKey> Have::contested_by(UnitId unit, NameId namespace_name) const {
    std::vector<TargetKey> targets;
    contested_.for_each(unit, namespace_name, [&](const TargetKey& target) { targets.push_back(target); });
    return targets;
}

bool Have::has_ticket(UnitId unit) const {
    bool found = false;
    ticketed_.for_each(unit, 0, [&](const TargetKey&) { found = true; });
    return found;
}

std::vector<TargetKey> Have::in_hand(UnitId unit, NameId namespace_name) const {
    std::vector<TargetKey> targets;
    const auto take = [&](const TargetKey& target) { targets.push_back(target); };
    sighted_.for_each(unit, namespace_name, take);
    ticketed_.for_each(unit, namespace_name, take);
    return targets;
}

}  // namespace moontide::plan
