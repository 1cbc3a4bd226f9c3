#include "sync/outcomes.hpp"

#include "apply/verbs.hpp"
#include "base/match.hpp"
#include "sync/candidates.hpp"
#include "sync/copies.hpp"
#include "sync/owners.hpp"

#include <utility>

#include <fmt/chrono.h>

namespace moontide::sync {

namespace {

/// The uid that a step was judged on; nothing for those that make something.
plan::Uid judged_uid(const plan::Step& step) {
    return std::visit(
        Match{[](const plan::Replace& judged) { return judged.uid; },
              [](const plan::Apply& judged) { return judged.uid; },
              [](const plan::Release& judged) { return judged.uid; },
              [](const plan::Delete& judged) { return judged.uid; }, [](const auto&) { return plan::Uid(); }},
        step);
}

/// Others' facts: a namespace that is not there, a field that another manager has. No quick retry helps.
bool waits_for_others(const kube::Status& status) {
    return status.cause == "NamespaceTerminating" || status.cause == "FieldManagerConflict" || status.code == 404;
}

/// The same request would get the same answer until somebody grants, raises or mends something: the second try is not
/// hurried, and a thousand targets that are refused at once make no storm.
bool is_refusal(const kube::Status& status) {
    return status.code < 500;
}
constexpr unsigned refusals_count_for = 8;

/// A change of what cannot be changed: made anew, it can. Of other kinds than these that would be an outage.
bool is_immutable(const kube::Status& status, const apply::Order& order) {
    return order.wish != nullptr && order.wish->verbatim && status.code == 422 &&
           status.message.find("immutable") != std::string::npos;
}

Deed::What deed_of(const plan::Step& step, bool by_delete) {
    if (by_delete) return Deed::What::deleted;
    if (apply::creates(step)) return Deed::What::created;
    if (std::holds_alternative<plan::Release>(step)) return Deed::What::released;
    return Deed::What::replaced;
}

/// Asked for only to see what is there.
bool is_look(const plan::Step& step) {
    if (std::holds_alternative<plan::Look>(step)) return true;
    if (const auto* create = std::get_if<plan::Create>(&step)) return create->look_first;
    const auto* applied = std::get_if<plan::Apply>(&step);
    return applied != nullptr && applied->look_first;
}

/// Another instance's copy, in its place.
bool is_claimed_here(const Board& board, const plan::Live& live) {
    return live.claim && board.is_here(live.claim->place, live.namespace_name, live.name);
}

/// What of the target is in a live object.
std::optional<plan::Record> record_at(Board& board, const plan::TargetKey& target, const plan::Live& live) {
    return target.part == 0 ? record_of(board, live) : part_of(board, live, target.part);
}

}  // namespace

bool Outcomes::may_send(const apply::Order& order) {
    if (board_.stopping) return false;
    // The term is over, and with it this engine.
    if (board_.options.may_write && !board_.options.may_write()) return false;
    const bool current = board_.units.generation(order.unit) == order.generation;
    return board_.have.with([&](plan::Have& have) {
        const auto& target = plan::target(order.step);
        auto* ticket = have.ticket(target);
        if (ticket == nullptr || ticket->number != order.ticket) return false;
        if (!current) {
            look_again(*ticket, target);
            have.close(target);  // the unit is in the queue and will say anew what is wanted
            return false;
        }
        const bool removes = order.wish == nullptr;
        if (removes && !have.candidates(target).empty()) {
            look_again(*ticket, target);
            have.close(target);
            for (const auto candidate : have.candidates(target))
                board_.queue.add({candidate, target.namespace_name}, queue::Urgency::front);
            return false;
        }
        ticket->sent = true;
        return true;
    });
}

void Outcomes::look_again(const plan::Ticket& ticket, const plan::TargetKey& target) {
    for (const auto unit : ticket.again) board_.queue.add({unit, target.namespace_name});
}

void Outcomes::left(plan::Have& have, const plan::TargetKey& target, const plan::Uid& uid,
                    kube::ResourceVersion version) {
    have.give_up(target);
    const auto* record = have.record(target);
    if (record != nullptr && record->unwatched) {
        have.remove(target);
        record = nullptr;
    }
    if (record == nullptr) {
        // The watch was quicker than the answer, and nothing is awaited.
        const auto* seen = have.sighting(target);
        if (seen == nullptr) return;
        // Nor of what lacks our label: no watch shows the end of it.
        const auto* shown = std::get_if<plan::Record>(&seen->standing);
        if (shown != nullptr && !shown->labelled) {
            have.forget_foreign(target);
            return;
        }
    }
    have.see(target, {.standing = plan::Absent{}, .version = version, .uid = uid, .own_write = true});
}

void Outcomes::mended(plan::Have& have, const apply::Order& order) {
    const auto& target = plan::target(order.step);
    for (const auto& place : {target.whole(), target.whole().part_of(order.unit)}) {
        // Why it had to go may be why there is none now.
        const auto* trouble = have.troubles().find(place, order.unit);
        if (order.wish == nullptr && trouble != nullptr && trouble->standing) continue;
        have.troubles().erase(place, order.unit);
    }
    if (!waits_beside(have, order.wish.get(), target, order.unit)) have.withdraw(target.whole(), order.unit);
}

Outcomes::Told Outcomes::written(plan::Have& have, const apply::Order& order, const apply::Written& fate) {
    const auto& target = plan::target(order.step);
    const bool deletes = std::holds_alternative<plan::Delete>(order.step);
    if (const auto record = record_at(board_, target, fate.live)) {
        have.see(target,
                 {.standing = *record, .version = fate.live.resource_version, .uid = fate.live.uid, .own_write = true});
        accept(have, order, *record);
    } else {
        // Released: a copy without our label the watch shows as gone; of a part's object it may show the next version.
        left(have, target, fate.live.uid, target.part == 0 ? 0 : fate.live.resource_version);
    }
    if (const auto* record = have.record(target); record != nullptr && record->unwatched) have.remove(target);
    mended(have, order);
    return {.result = "done", .again = deletes && order.wish != nullptr};
}

void Outcomes::accept(plan::Have& have, const apply::Order& order, const plan::Record& record) {
    const bool applied = std::holds_alternative<plan::Apply>(order.step);
    if (!applied || record.hash == order.wish->hash) return;
    have.accept(plan::target(order.step), {order.wish->hash, record.hash});
}

Outcomes::Told Outcomes::unchanged(plan::Have& have, const apply::Order& order, const apply::Unchanged& fate) {
    const auto& target = plan::target(order.step);
    if (const auto record = record_at(board_, target, fate.live)) accept(have, order, *record);
    mended(have, order);
    return {.result = "unchanged"};
}

Outcomes::Told Outcomes::gone(plan::Have& have, const apply::Order& order) {
    const auto& target = plan::target(order.step);
    left(have, target, judged_uid(order.step), 0);
    have.troubles().object_gone(target);
    for (const auto candidate : have.candidates(target))
        board_.queue.add({candidate, target.namespace_name}, queue::Urgency::front);
    return {.result = "done", .again = order.wish != nullptr};
}

Outcomes::Told Outcomes::found(plan::Have& have, const apply::Order& order, const apply::Found& fate) {
    const auto& target = plan::target(order.step);
    const auto* known = have.record(target);
    if (known != nullptr && known->unwatched) have.remove(target);
    if (!fate.live) {
        have.give_up(target);
        if (have.record(target) == nullptr) have.forget_foreign(target);
        const bool looked = is_look(order.step) && !apply::creates(order.step);
        if (have.record(target) != nullptr || looked) {
            have.see(target, {.standing = plan::Absent{.seen = true},
                              .version = 0,
                              .uid = judged_uid(order.step),
                              .own_write = false});
        }
        return {.result = "conflict", .again = true};
    }
    plan::Sighting sighting{.version = fate.live->resource_version, .uid = fate.live->uid, .own_write = false};
    const auto part = target.whole().part_of(order.unit);
    if (const auto record = part_of(board_, *fate.live, order.unit)) {
        sighting.standing = *record;
        have.see(part, sighting);
    } else if (have.record(part) != nullptr || have.sighting(part) != nullptr || have.is_lost(part)) {
        sighting.standing = plan::Absent{};
        have.see(part, sighting);
    }
    // To take a part out needs to know nothing of the rest.
    if (target.part != 0 && order.wish == nullptr) return {.result = "conflict", .again = true};
    if (const auto record = record_of(board_, *fate.live)) {
        sighting.standing = *record;
    } else {
        plan::Foreign there;
        there.uid = fate.live->uid;
        there.resource_version = fate.live->resource_version;
        if (order.wish != nullptr) there.compared = order.wish->hash;
        there.same_fields = fate.likeness.same_fields;
        // A claim for another place, or another instance's: a clone, or a copy of somebody else.
        there.marked = fate.likeness.marked && !fate.live->has_claim;
        there.immutable = fate.live->immutable;
        there.terminating = fate.live->terminating;
        there.claimed = is_claimed_here(board_, *fate.live);
        sighting.standing = there;
    }
    have.see(target.whole(), std::move(sighting));
    return {.result = "conflict", .again = true};
}

Outcomes::Told Outcomes::denied(plan::Have& have, const apply::Order& order, const kube::Status& status) {
    const auto& target = plan::target(order.step);
    if (is_immutable(status, order)) {
        const auto standing = have.standing(target);
        if (const auto* record = std::get_if<plan::Record>(&standing); record != nullptr && !record->refuses) {
            auto fixed = *record;
            fixed.immutable = true;
            fixed.refuses = true;
            have.see(target, {.standing = fixed, .version = 0, .uid = record->uid, .own_write = false});
            return {.result = "conflict", .again = true};
        }
    }
    const auto holder = have.holder(target.whole());
    const bool is_opposed = status.cause == "FieldManagerConflict" && holder != 0 && holder != order.unit;
    if (is_opposed && target.part == 0) {
        // It cannot take over what others have their fields in, so that its holder is not to wait for it.
        have.withdraw(target, order.unit);
        board_.queue.add({holder, target.namespace_name}, queue::Urgency::front);
    }
    const auto* known = have.troubles().find(target, order.unit);
    plan::Trouble trouble{.unit = order.unit, .failures = known == nullptr ? 1 : known->failures + 1};
    trouble.reason = status.cause.empty() ? (status.reason.empty() ? "Failed" : status.reason) : status.cause;
    trouble.message = status.message.empty() ? "the server answered " + std::to_string(status.code) : status.message;
    if (const auto unit = is_opposed ? board_.units.get(holder) : std::nullopt)
        trouble.message += "; the object " + held_text(unit->bond);
    trouble.refused = waits_for_others(status);
    const bool is_new = known == nullptr || known->reason != trouble.reason;
    have.troubles().put(target, trouble);
    if (is_new) report_.trouble(order.unit, board_.describe(target), trouble);
    return {.result = "failed", .again = false, .failed = true};
}

void Outcomes::unanswered(const apply::Order& order, const std::string& why) {
    const auto& target = plan::target(order.step);
    const auto unit = board_.units.get(order.unit);
    board_.metrics.step(unit ? unit->bond.policy : std::string(), plan::name(order.step), "unanswered");
    board_.have.with([&](plan::Have& have) {
        plan::Trouble trouble{.unit = order.unit, .failures = order.unanswered, .reason = "NoAnswer"};
        trouble.message = "the server has not answered " + std::to_string(order.unanswered) + " times: " + why;
        have.troubles().put(target, trouble);
        report_.trouble(order.unit, board_.describe(target), trouble);
    });
}

void Outcomes::take(apply::Outcome outcome) {
    const auto& order = outcome.order;
    const auto target = plan::target(order.step);
    const auto unit = board_.units.get(order.unit);
    const std::string policy = unit ? unit->bond.policy : std::string();
    const queue::Key spot{order.unit, target.namespace_name};
    Told told;
    bool slow = false;
    bool refused = false;
    std::optional<Deed::What> deed;
    plan::UnitId before = 0;
    board_.have.with([&](plan::Have& have) {
        before = have.holder(target);
        const auto* ticket = have.ticket(target);
        if (ticket != nullptr && ticket->number == order.ticket) {
            look_again(*ticket, target);

            have.close(target);
        }
        told = std::visit(Match{[&](const apply::Written& fate) {
                                    const bool by_delete = std::holds_alternative<plan::Delete>(order.step);
                                    deed = deed_of(order.step, by_delete);
                                    return written(have, order, fate);
                                },
                                [&](const apply::Unchanged& fate) { return unchanged(have, order, fate); },
                                [&](const apply::Gone&) {
                                    deed = Deed::What::deleted;
                                    return gone(have, order);
                                },
                                [&](const apply::Found& fate) { return found(have, order, fate); },
                                [&](const apply::Denied& fate) {
                                    slow = waits_for_others(fate.status);
                                    refused = is_refusal(fate.status);
                                    return denied(have, order, fate.status);
                                },
                                [&](const apply::Dropped&) { return Told{.result = "dropped"}; }},
                          outcome.fate);
    });
    board_.metrics.step(policy, plan::name(order.step), told.result);
    if (deed) {
        board_.queue.forget(spot);
        if (*deed == Deed::What::created || *deed == Deed::What::replaced) {
            const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() +
                                                                      board_.client->server_time_offset());
            board_.units.change(order.unit, [&](Unit& known) { known.changed = fmt::format("{:%FT%TZ}", now); });
        }
        report_.done(order.unit, board_.describe(target), *deed, order.why);
        if (!order.lost.empty()) report_.overwrote(order.unit, board_.describe(target), order.lost);
    }
    if (told.failed) {
        board_.metrics.queue_retried(queue_name);
        if (slow) {
            board_.queue.add_after(spot, board_.options.refused_again, queue::Urgency::idle, queue::Delay::planned);
        } else {
            board_.queue.retry(spot, queue::Delay::planned, refused ? refusals_count_for : 0);
        }
    } else if (told.again) {
        if (std::holds_alternative<apply::Found>(outcome.fate) && !is_look(order.step)) {
            board_.queue.retry(spot);
        } else {
            board_.queue.add(spot);
        }
    }
    // Of a copy that changed hands, the one who had it too.
    for (const auto id : {order.unit, before}) {
        const auto stirred = id == 0 ? std::nullopt : board_.units.get(id);
        if (stirred) unit_stirred(board_, *stirred);
    }
    board_.stirred();
}

}  // namespace moontide::sync
