#include "sync/decisions.hpp"

#include "apply/verbs.hpp"
#include "base/log.hpp"
#include "sync/alive.hpp"
#include "sync/candidates.hpp"

#include <algorithm>
#include <utility>

namespace moontide::sync {

namespace {

/// So often a rival may undo a repair before a user is told.
constexpr unsigned repairs_before_notice = 5;
/// Targets that are decided under one hold of the lock.
constexpr std::size_t at_once = 256;

constexpr const char* for_older = "is wanted for an older source";

/// Another unit's copy of which not the whole content is its own: a part of ours has its place in it.
bool has_room(const Asked& asked, const plan::Record& record) {
    return asked.part != nullptr && record.fields;
}

/// What the server makes of the fields that are wanted counts as what is wanted.
void settle_hash(const plan::Have& have, const plan::TargetKey& target, const plan::Wish* wish,
                 plan::Standing& standing) {
    auto* record = std::get_if<plan::Record>(&standing);
    const auto* accepted = have.accepted(target);
    if (wish == nullptr || record == nullptr || accepted == nullptr || accepted->live != record->hash) return;
    record->edited = false;
    if (accepted->wanted == wish->hash) record->hash = wish->hash;
}

/// A foreign object that was compared with what was wanted before, where taking it depends on that.
bool is_of_another_wish(const plan::Standing& standing, const plan::Wish* wish) {
    const auto* there = std::get_if<plan::Foreign>(&standing);
    if (there == nullptr || wish == nullptr || there->compared == wish->hash) return false;
    return wish->existing != policy::Existing::refuse && !policy::joins(wish->existing);
}

void look_first(plan::Step& step) {
    if (auto* create = std::get_if<plan::Create>(&step)) create->look_first = true;
    if (auto* apply = std::get_if<plan::Apply>(&step)) apply->look_first = true;
}

}  // namespace

Decisions::Decisions(Board& board, Report& report, Evaluation& evaluation, std::uint64_t seed)
    : board_(board),
      report_(report),
      evaluation_(evaluation),
      rival_backoff_(board.options.backoff_first, board.options.backoff_last, seed) {}

void Decisions::ask_holders(const Unit& unit, std::vector<Asked>& asked) {
    struct Other {
        std::size_t index;
        plan::UnitId holder;
        bool has_room;
    };
    std::vector<Other> others;
    board_.have.with([&](const plan::Have& have) {
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (!asked[i].wish) continue;
            const auto standing = have.standing(asked[i].target);
            const auto* record = std::get_if<plan::Record>(&standing);
            if (record == nullptr || record->by_marks || record->unit == unit.id) continue;
            others.push_back({i, record->unit, has_room(asked[i], *record)});
        }
    });
    for (const auto& [index, holder, has_room] : others) {
        const bool wants = evaluation_.still_wants(holder, asked[index].target);
        if (has_room && (wants || !may_inherit(*asked[index].wish))) continue;
        asked[index].held_by = holder;
        asked[index].holder = wants ? plan::Holder::wants : plan::Holder::lets_go;
    }
}

void Decisions::note(plan::Have& have, const Unit& unit, const plan::TargetKey& target, plan::Trouble trouble) {
    trouble.unit = unit.id;
    const auto* known = have.troubles().find(target, unit.id);
    const bool is_new = known == nullptr || known->reason != trouble.reason || known->message != trouble.message;
    have.troubles().put(target, trouble);
    if (is_new) report_.trouble(unit.id, board_.describe(target), trouble);
}

Milliseconds Decisions::repair_delay(plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    const auto found = have.rivalries().find(target);
    if (found == have.rivalries().end() || !found->second.again) return Milliseconds(0);
    auto& rivalry = found->second;
    const auto now = std::chrono::steady_clock::now();
    if (now - rivalry.last > rivalry_peace) rivalry.repairs = 0;
    if (rivalry.repairs > 0) {
        const auto due = rivalry.last + rival_backoff_.delay(rivalry.repairs);
        if (due > now) return std::chrono::ceil<Milliseconds>(due - now);
    }
    ++rivalry.repairs;
    rivalry.last = now;
    rivalry.again = false;
    if (rivalry.repairs == repairs_before_notice) report_.rivalry(unit.id, board_.describe(target), rivalry.repairs);
    return Milliseconds(0);
}

void Decisions::end_ticket(plan::Have& have, const plan::TargetKey& target) {
    const auto* ticket = have.ticket(target);
    if (ticket == nullptr) return;
    for (const auto unit : ticket->again) board_.queue.add({unit, target.namespace_name});
    have.close(target);
}

/// Whether the target is this unit's to decide of now: no step of another unit is on its way there.
bool Decisions::may_decide(plan::Have& have, const Unit& unit, const Asked& asked) {
    const auto& target = asked.target;
    if (asked.part) {
        auto* joining = have.ticket(target.part_of(unit.id));
        if (joining != nullptr && joining->sent) {
            joining->again.insert(unit.id);
            return false;
        }
        // What it was planned from serves one decision.
        if (joining != nullptr) end_ticket(have, target.part_of(unit.id));
    }
    auto* ticket = have.ticket(target);
    if (ticket == nullptr) return true;
    // What comes of it may have room for a part; two parts are no contest.
    if (ticket->sent || (asked.part && ticket->unit != unit.id)) {
        ticket->again.insert(unit.id);
        return false;
    }
    if (ticket->unit == unit.id) return true;
    if (asked.wish == nullptr) {
        ticket->again.insert(unit.id);  // the step may be dropped unsent, and the copy be this one's to remove yet
        return false;
    }
    const auto other = board_.units.get(ticket->unit);
    if (!ticket->creates || !other || !unit.older_than(*other)) {
        have.contest(target, unit.id);
        note(have, unit, target, {.refused = true, .reason = "HeldByOther", .message = for_older});
        ticket->again.insert(unit.id);  // the step may be dropped unsent
        return false;
    }
    have.contest(target, ticket->unit);
    ticket->again.insert(ticket->unit);  // it is not sent any more; what becomes of this one may have room for its part
    return true;
}

Decisions::Choice Decisions::choose(const plan::Have& have, const Unit& unit, const Asked& asked) const {
    auto standing = have.standing(asked.target);
    auto* record = std::get_if<plan::Record>(&standing);
    if (record != nullptr && record->by_marks && record->unit != unit.id) {
        // Its marks name another source: no copy of this one, whoever made it. What is there now, a Create finds out.
        standing = plan::Absent{};
        record = nullptr;
    }
    if (record != nullptr && record->unit != unit.id && asked.held_by == 0 && has_room(asked, *record)) {
        standing = plan::Foreign{
            .uid = record->uid, .resource_version = record->resource_version, .terminating = record->terminating};
        record = nullptr;
    }
    if (is_of_another_wish(standing, asked.wish.get())) standing = plan::Absent{};  // what is there, a Create finds out
    if (!asked.part || record != nullptr) {
        settle_hash(have, asked.target, asked.wish.get(), standing);
        return {asked.target, asked.wish, standing};
    }
    const auto part = asked.target.part_of(unit.id);
    auto joined = have.standing(part);
    if (std::holds_alternative<plan::Record>(joined)) {
        settle_hash(have, part, asked.part.get(), joined);
        return {part, asked.part, joined};
    }
    if (std::holds_alternative<plan::Foreign>(standing)) return {part, asked.part, standing};
    return {asked.target, asked.wish, standing};
}

bool Decisions::is_awaited(const plan::TargetKey& target, plan::UnitId unit, const plan::Standing& standing) {
    const bool is_there = !std::holds_alternative<plan::Absent>(standing);
    return target.part == 0 && board_.foreigners->await(target, unit, is_there);
}

bool Decisions::may_remove(const plan::Have& have, const Unit& unit, RunningPolicy& running,
                           const plan::TargetKey& target, bool first_look) {
    const Gate::Drop drop{unit.id, target.namespace_name};
    if (first_look && board_.namespace_named(board_.names.text(target.namespace_name))) running.gate.dropped(drop);
    if (running.gate.holds(drop)) return false;
    // A source that wants it next takes it over in place; its look turns this into a Replace.
    const auto candidates = have.candidates(target);
    for (const auto candidate : candidates) board_.queue.add({candidate, target.namespace_name}, queue::Urgency::front);
    return candidates.empty() && !running.puts_off(drop);
}

std::optional<apply::Order> Decisions::decide(plan::Have& have, const Unit& unit, RunningPolicy& running,
                                              const Asked& asked, bool first_look) {
    const auto& whole = asked.target;
    if (!may_decide(have, unit, asked)) return std::nullopt;

    auto choice = choose(have, unit, asked);
    const auto& target = choice.target;
    const auto* wish = choice.wish.get();
    const auto& standing = choice.standing;
    const auto* known = std::get_if<plan::Record>(&standing);
    // What it has a part in is to go on where its holder lets it go.
    const bool beside = waits_beside(have, wish, target, unit.id);
    if (beside) have.contest(whole, unit.id);
    const plan::UnitId held_by = known != nullptr && !known->by_marks && known->unit != unit.id ? known->unit : 0;
    // What another unit has, or has taken over since, is not this one's to remove; nor does it take it over any more.
    if (wish == nullptr && held_by != 0) {
        end_ticket(have, target);
        return std::nullopt;
    }
    if (wish != nullptr && held_by != asked.held_by) {
        // It changed hands while its holder was asked.
        board_.queue.add({unit.id, target.namespace_name});
        return std::nullopt;
    }
    auto decision = plan::diff(target, wish, standing, asked.holder, asked.leftover);
    if (known == nullptr) have.forget_foreign(whole);

    if (std::holds_alternative<plan::Keep>(decision)) {
        for (const auto& mended : {whole, whole.part_of(unit.id)}) have.troubles().erase(mended, unit.id);
        if (!beside) have.withdraw(whole, unit.id);
        end_ticket(have, target);
        return std::nullopt;
    }
    if (std::holds_alternative<plan::Wait>(decision)) {
        end_ticket(have, target);
        return std::nullopt;
    }
    if (const auto* refuse = std::get_if<plan::Refuse>(&decision)) {
        if (known != nullptr && known->by_marks && wish == nullptr && unit.owner != 0) {
            // Marks that name an owner which asks for nothing there make no copy of it: somebody's clone, perhaps.
            // Where it is asked for later it is found again.
            log::info("left alone: it " + refuse->message, {{"policy", unit.bond.policy},
                                                            {"owner", owner_text(unit.bond)},
                                                            {"namespace", board_.names.text(target.namespace_name)},
                                                            {"name", board_.names.text(target.name)}});
            have.remove(target);
            end_ticket(have, target);
            return std::nullopt;
        }
        const bool held = refuse->reason == "HeldByOther";
        auto message = refuse->message;
        if (held) {
            have.contest(target, unit.id);
            const auto* record = std::get_if<plan::Record>(&standing);
            const auto holder = record == nullptr ? std::optional<Unit>() : board_.units.get(record->unit);
            if (holder) message = held_text(holder->bond);
        } else if (wish != nullptr && !is_awaited(target, unit.id, standing)) {
            board_.queue.add_after({unit.id, target.namespace_name}, board_.options.refused_again, queue::Urgency::idle,
                                   queue::Delay::planned);
        }
        note(have, unit, target,
             {.refused = true, .reason = std::string(refuse->reason), .message = std::move(message)});
        end_ticket(have, target);
        return std::nullopt;
    }

    auto& step = std::get<plan::Do>(decision);
    const bool removes = wish == nullptr;
    if (std::holds_alternative<plan::Look>(step.step)) {
        if (board_.options.dry_run) return std::nullopt;
    } else if (removes) {
        if (!may_remove(have, unit, running, target, first_look)) return std::nullopt;
        have.rivalries().erase(target);
    } else if (const auto delay = repair_delay(have, unit, target); delay > Milliseconds(0)) {
        board_.queue.add_after({unit.id, target.namespace_name}, delay, queue::Urgency::change, queue::Delay::planned);
        return std::nullopt;
    }
    const bool creates = apply::creates(step.step);
    if (const auto older = creates && !asked.part ? older_that_stands(board_, have, unit, whole) : 0; older != 0) {
        // It is asked whether it still does.
        board_.queue.add({older, target.namespace_name});
        have.contest(whole, unit.id);
        note(have, unit, target, {.refused = true, .reason = "HeldByOther", .message = for_older});
        end_ticket(have, target);
        return std::nullopt;
    }
    if (creates && wish->belonging && std::holds_alternative<plan::Lost>(standing) && !board_.options.dry_run) {
        board_.alive->ask(unit.id, target, *wish->belonging);  // and it is looked at again
        return std::nullopt;
    }
    const auto& troubles = have.troubles();
    if (creates && (troubles.is_refused(target) || troubles.is_refused(target.part_of(unit.id)))) look_first(step.step);
    if (board_.options.dry_run) {
        // A plan is told once, not each time it is made again.
        const auto* told = have.troubles().find(target, unit.id);
        std::string would =
            std::string(plan::name(step.step)) + " " + (wish != nullptr ? wish->hash.hex() : std::string());
        if (told == nullptr || told->message != would)
            report_.would(unit.id, board_.describe(target), plan::name(step.step), step.why);
        have.troubles().put(target, {.unit = unit.id, .reason = "DryRun", .message = std::move(would)});
        return std::nullopt;
    }
    apply::Order order;
    auto& ticket = have.issue(target, unit.id, creates);
    // Who takes the whole over needs its part no more.
    if (target.part == 0 && have.record(whole.part_of(unit.id)) != nullptr) ticket.again.insert(unit.id);
    order.ticket = ticket.number;
    order.step = std::move(step.step);
    order.wish = choice.wish;
    if (removes && target.part != 0) order.part = plan::part_id(board_.options.instance, unit.bond);
    order.unit = unit.id;
    order.generation = unit.generation;
    order.why = step.why;
    return order;
}

void Decisions::note_error(const Unit& unit, const plan::TargetKey& target, const policy::Refusal& refusal) {
    const bool is_new = board_.have.with([&](plan::Have& have) {
        const auto* known = have.troubles().find(target, unit.id);
        const bool differs = known == nullptr || known->message != refusal.message;
        have.troubles().put(target,
                            {.unit = unit.id, .terminal = true, .reason = refusal.reason, .message = refusal.message});
        return differs;
    });
    if (!is_new) return;
    board_.metrics.error(unit.bond.policy, refusal.reason);
    report_.policy_error(unit.id, refusal.namespace_name + ": " + refusal.message);
}

void Decisions::carry_out(const Unit& unit, RunningPolicy& running, Evaluated evaluated, bool urgent, bool first_look) {
    ask_holders(unit, evaluated.asked);
    for (std::size_t begin = 0; begin < evaluated.asked.size(); begin += at_once) {
        std::vector<apply::Order> orders;
        board_.have.with([&](plan::Have& have) {
            const auto end = std::min(begin + at_once, evaluated.asked.size());
            for (std::size_t i = begin; i < end; ++i) {
                if (auto order = decide(have, unit, running, evaluated.asked[i], first_look)) {
                    order->urgent = urgent;
                    orders.push_back(std::move(*order));
                }
            }
        });
        board_.applier->submit(std::move(orders));
    }
    for (auto& refusal : evaluated.refusals) {
        const bool failed = refusal.reason == "EvaluationFailed";
        const auto kind = board_.kinds.find(refusal.kind);
        if (!kind) {
            if (failed) report_.policy_error(unit.id, refusal.namespace_name + ": " + refusal.message);
            continue;
        }
        const plan::TargetKey target{board_.names.id(refusal.namespace_name), board_.names.id(refusal.name), *kind};
        if (failed) {
            note_error(unit, target, refusal);
            continue;
        }
        board_.have.with([&](plan::Have& have) {
            note(have, unit, target,
                 {.refused = true, .standing = true, .reason = refusal.reason, .message = refusal.message});
        });
    }
}

}  // namespace moontide::sync
