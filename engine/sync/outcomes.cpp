#include "sync/outcomes.hpp"

#include "base/match.hpp"
#include "sync/copies.hpp"

#include <utility>

namespace moontide::sync {

namespace {

/// The uid that a step was judged on; nothing for those that make something.
plan::Uid judged_uid(const plan::Step& step) {
    return std::visit(
        Match{[](const plan::Replace& judged) { return judged.uid; },
              [](const plan::Release& judged) { return judged.uid; },
              [](const plan::Delete& judged) { return judged.uid; }, [](const auto&) { return plan::Uid(); }},
        step);
}

/// Facts about a namespace: what mends them is seen by its watch, so they need no quick retry.
bool waits_for_namespace(const kube::Status& status) {
    return status.cause == "NamespaceTerminating" || status.code == 404;
}

/// A change of what cannot be changed: made anew, it can.
bool is_immutable(const kube::Status& status) {
    return status.code == 422 && status.message.find("immutable") != std::string::npos;
}

Deed::What deed_of(const plan::Step& step, bool by_delete) {
    if (by_delete) return Deed::What::deleted;
    if (std::holds_alternative<plan::Create>(step)) return Deed::What::created;
    if (std::holds_alternative<plan::Release>(step)) return Deed::What::released;
    return Deed::What::replaced;
}

}  // namespace

bool Outcomes::may_send(const apply::Order& order) {
    if (board_.stopping) return false;
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

void Outcomes::left(plan::Have& have, const plan::TargetKey& target, const plan::Uid& uid) {
    const auto* record = have.record(target);
    if (record != nullptr && record->unwatched) {
        have.remove(target);
        return;
    }
    // Where neither watch nor answer has it any more, the watch was quicker than the answer and nothing is awaited.
    if (record == nullptr && have.sighting(target) == nullptr) return;
    have.see(target, {.standing = plan::Absent{}, .version = 0, .uid = uid, .own_write = true});
}

Outcomes::Told Outcomes::written(plan::Have& have, const apply::Order& order, const apply::Written& fate) {
    const auto& target = plan::target(order.step);
    const bool deletes = std::holds_alternative<plan::Delete>(order.step);
    if (const auto record = record_of(board_, fate.live)) {
        have.see(target,
                 {.standing = *record, .version = fate.live.resource_version, .uid = fate.live.uid, .own_write = true});
    } else {
        left(have, target, fate.live.uid);  // released: without our label the watch shows it as gone
    }
    have.troubles().erase(target);
    if (const auto* record = have.record(target); record != nullptr && record->unwatched) have.remove(target);
    have.withdraw(target, order.unit);
    return {.result = "done", .again = deletes && order.wish != nullptr};
}

Outcomes::Told Outcomes::gone(plan::Have& have, const apply::Order& order) {
    const auto& target = plan::target(order.step);
    left(have, target, judged_uid(order.step));
    have.troubles().erase(target);
    for (const auto candidate : have.candidates(target))
        board_.queue.add({candidate, target.namespace_name}, queue::Urgency::front);
    return {.result = "done", .again = order.wish != nullptr};
}

Outcomes::Told Outcomes::found(plan::Have& have, const apply::Order& order, const apply::Found& fate) {
    const auto& target = plan::target(order.step);
    const auto* known = have.record(target);
    if (known != nullptr && known->unwatched) have.remove(target);
    if (!fate.live) {
        if (have.record(target) != nullptr) {
            have.see(target,
                     {.standing = plan::Absent{}, .version = 0, .uid = judged_uid(order.step), .own_write = false});
        }
        return {.result = "conflict", .again = true};
    }
    plan::Sighting sighting{.version = fate.live->resource_version, .uid = fate.live->uid, .own_write = false};
    if (const auto record = record_of(board_, *fate.live)) {
        sighting.standing = *record;
    } else {
        plan::Foreign there;
        there.uid = fate.live->uid;
        there.resource_version = fate.live->resource_version;
        there.same_fields = fate.likeness.same_fields;
        // A claim for another place, or another instance's: a clone, or a copy of somebody else.
        there.marked = fate.likeness.marked && !fate.live->has_claim;
        there.immutable = fate.live->immutable;
        there.terminating = fate.live->terminating;
        sighting.standing = there;
    }
    have.see(target, std::move(sighting));
    return {.result = "conflict", .again = true};
}

Outcomes::Told Outcomes::denied(plan::Have& have, const apply::Order& order, const kube::Status& status) {
    const auto& target = plan::target(order.step);
    if (is_immutable(status)) {
        const auto standing = have.standing(target);
        if (const auto* record = std::get_if<plan::Record>(&standing); record != nullptr && !record->immutable) {
            auto fixed = *record;
            fixed.immutable = true;
            have.see(target, {.standing = fixed, .version = 0, .uid = record->uid, .own_write = false});
            return {.result = "conflict", .again = true};
        }
    }
    auto& known = have.troubles()[target];
    plan::Trouble trouble{.unit = order.unit, .failures = known.failures + 1};
    trouble.reason = status.cause.empty() ? (status.reason.empty() ? "Failed" : status.reason) : status.cause;
    trouble.message = status.message.empty() ? "the server answered " + std::to_string(status.code) : status.message;
    trouble.refused = waits_for_namespace(status);
    const bool is_new = known.reason != trouble.reason || known.unit != trouble.unit;
    known = trouble;
    if (is_new) report_.trouble(order.unit, board_.describe(target), trouble);
    return {.result = "failed", .again = false, .failed = true};
}

void Outcomes::take(apply::Outcome outcome) {
    const auto& order = outcome.order;
    const auto target = plan::target(order.step);
    const auto unit = board_.units.get(order.unit);
    const std::string policy = unit ? unit->bond.policy : std::string();
    const queue::Key spot{order.unit, target.namespace_name};
    Told told;
    bool slow = false;
    std::optional<Deed::What> deed;
    board_.have.with([&](plan::Have& have) {
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
                                [&](const apply::Gone&) {
                                    deed = Deed::What::deleted;
                                    return gone(have, order);
                                },
                                [&](const apply::Found& fate) { return found(have, order, fate); },
                                [&](const apply::Denied& fate) {
                                    slow = waits_for_namespace(fate.status);
                                    return denied(have, order, fate.status);
                                },
                                [&](const apply::Dropped&) { return Told{.result = "dropped"}; }},
                          outcome.fate);
    });
    board_.metrics.step(policy, plan::name(order.step), told.result);
    if (deed) {
        board_.queue.forget(spot);
        report_.done(order.unit, board_.describe(target), *deed, order.why);
    }
    if (told.failed) {
        board_.metrics.queue_retried(queue_name);
        if (slow) {
            board_.queue.add_after(spot, board_.options.refused_again, queue::Urgency::idle, queue::Delay::planned);
        } else {
            board_.queue.retry(spot, queue::Delay::planned);
        }
    } else if (told.again) {
        const auto* create = std::get_if<plan::Create>(&order.step);
        const bool expected = create != nullptr && create->look_first;
        if (std::holds_alternative<apply::Found>(outcome.fate) && !expected) {
            board_.queue.retry(spot);
        } else {
            board_.queue.add(spot);
        }
    }
    board_.stirred();
}

}  // namespace moontide::sync
