#include "sync/planner.hpp"

#include "base/log.hpp"
#include "plan/content_hash.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace moontide::sync {

namespace {

/// After this long in peace a rivalry is forgotten.
constexpr auto peace = std::chrono::minutes(10);
/// So often a rival may undo a repair before a user is told.
constexpr unsigned repairs_before_notice = 5;
/// Targets that are decided under one hold of the lock.
constexpr std::size_t at_once = 256;

class BoardView final : public policy::View {
public:
    BoardView(const Board& board, Companions& companions, bool& incomplete)
        : board_(board), companions_(companions), incomplete_(incomplete) {}

    kube::ObjectPtr namespace_object(std::string_view name) const override { return board_.namespaces.find({}, name); }
    std::shared_ptr<const std::vector<kube::ObjectPtr>> namespaces() const override { return board_.namespaces.all(); }
    kube::ObjectPtr find(const kube::Ref& ref) const override {
        auto answer = companions_.find(ref);
        if (!answer.known) incomplete_ = true;
        return std::move(answer.object);
    }

private:
    const Board& board_;
    Companions& companions_;
    bool& incomplete_;
};

/// What needs parts of objects that are others' too, which are not carried out; empty where the copy is.
std::string_view not_served(const policy::Copy& copy, const policy::Shape& shape) {
    if (copy.existing == policy::Existing::merge || copy.existing == policy::Existing::join) {
        return "existing = \"merge\" and \"join\" are not served by this version";
    }
    if (shape.writes_for(copy.target.kind) == policy::Writes::fields) {
        return "writes = \"fields\", the default for kinds but ConfigMap and Secret, is not served by this version";
    }
    return {};
}

}  // namespace

Planner::Planner(Board& board, Reach& reach, Report& report, Companions& companions,
                 std::function<void(plan::UnitId)> prove, std::uint64_t seed)
    : board_(board),
      reach_(reach),
      report_(report),
      companions_(companions),
      prove_(std::move(prove)),
      rival_backoff_(board.options.backoff_first, board.options.backoff_last, seed) {}

policy::Evaluator& Planner::evaluator(const RunningPolicy& running) {
    auto& made = evaluators_[running.index];
    if (!made) made = running.policy->evaluator();
    return *made;
}

Result<kube::ObjectPtr> Planner::source(const kube::Ref& ref, const RunningPolicy& running) {
    for (const auto* feed : running.feeds) {
        if (feed->scope.resource.kind != ref.kind) continue;
        auto object = feed->store.find(ref.namespace_name, ref.name);
        if (!object) continue;
        for (const auto& selection : running.from) {
            if (std::find(selection.kinds.begin(), selection.kinds.end(), ref.kind) == selection.kinds.end()) continue;
            const auto metadata = reader_.metadata(object->json());
            if (!metadata) return fail(metadata.error().message);
            if (!selection.matches(*metadata)) continue;
            if (!selection.has_where()) return object;
            policy::Inputs inputs;
            inputs.sources = {object};
            if (TRY(evaluator(running).where(selection, inputs))) return object;
        }
    }
    return kube::ObjectPtr();
}

Result<std::optional<policy::Subject>> Planner::subject(const Unit& unit, const RunningPolicy& running) {
    policy::Subject subject;
    if (unit.bond.group.empty()) {
        if (auto object = TRY(source(unit.bond.source, running))) subject.sources.push_back(std::move(object));
    } else {
        for (const auto& member : unit.members) {
            if (auto object = TRY(source(member, running))) subject.sources.push_back(std::move(object));
        }
    }
    if (subject.sources.empty()) return std::optional<policy::Subject>();
    return std::optional(std::move(subject));
}

void Planner::look_at(const queue::Key& key, queue::Urgency urgency) {
    auto unit = board_.units.get(key.unit);
    if (!unit) return;
    auto* running = board_.running(unit->policy);
    if (running == nullptr || !running->ready) return;
    if (running->shape().has_group && unit->bond.group.empty()) {
        regroup(*unit, *running);
        unit = board_.units.get(key.unit);
        if (!unit) return;
    }

    const auto began = std::chrono::steady_clock::now();
    // What a start finds; what events tell meanwhile is evidence.
    const bool first_look = !running->looked && key.is_unit();
    bool failed = false;
    auto what = subject(*unit, *running);
    if (!what) {
        failed = true;
        report_.policy_error(unit->id, what.error().message);
    } else if (!*what || unit->in_group != 0) {
        take_down(*unit, *running, key);
    } else {
        board_.units.change(unit->id, [&](Unit& known) {
            const auto& first = *(*what)->sources.front();
            known.created = first.creation_timestamp();
            if (known.bond.group.empty()) known.bond.source_uid = first.uid();
            unit->bond = known.bond;
            unit->created = known.created;
        });
        std::optional<std::string> only;
        if (!key.is_unit()) only = board_.names.text(key.spot);
        auto evaluated = evaluate(*unit, *running, **what, only);
        if (!evaluated) {
            failed = true;
            report_.policy_error(unit->id, evaluated.error().message);
        } else if (!evaluated->incomplete) {
            add_unwanted(*unit, *running, key, false, *evaluated);
            carry_out(*unit, *running, std::move(*evaluated), urgency == queue::Urgency::front, first_look);
        }
    }
    board_.metrics.reconciled(running->shape().name, key.is_unit() ? "unit" : "spot",
                              std::chrono::steady_clock::now() - began, failed);
}

void Planner::regroup(const Unit& unit, const RunningPolicy& running) {
    const auto object = source(unit.bond.source, running);
    if (!object) {
        report_.policy_error(unit.id, object.error().message);
        return;
    }
    plan::UnitId group = 0;
    if (*object) {
        policy::Inputs inputs;
        inputs.sources = {*object};
        auto text = evaluator(running).group(inputs);
        if (!text) {
            report_.policy_error(unit.id, text.error().message);
            return;
        }
        if (*text) {
            plan::Bond bond;
            bond.policy = unit.bond.policy;
            bond.group = **text;
            group = board_.units.id(bond, running.index);
        }
    } else if (unit.presence != Presence::deleted && unit.presence != Presence::proven) {
        return;  // a member that only vanished stays one until it is proven
    }
    const auto before = unit.in_group;
    board_.units.change(unit.id, [&](Unit& known) { known.in_group = group; });
    if (before != 0 && before != group) {
        board_.units.change(before, [&](Unit& known) {
            known.members.erase(unit.bond.source);
            ++known.generation;
            if (known.members.empty()) known.presence = Presence::deleted;
        });
        board_.queue.add({before, 0});
    }
    if (group != 0) {
        board_.units.change(group, [&](Unit& known) {
            known.members.insert(unit.bond.source);
            ++known.generation;
            known.presence = Presence::present;
        });
        board_.policies[running.index]->gate.returned(group);
        board_.queue.add({group, 0});
    }
}

void Planner::take_down(const Unit& unit, const RunningPolicy& running, const queue::Key& key) {
    auto& gate = board_.policies[running.index]->gate;
    reach_.forget(unit.id);
    companions_.forget(unit.id);
    const bool has_copies = board_.have.with([&](const plan::Have& have) { return have.count_of(unit.id) > 0; });
    const bool told = unit.presence == Presence::deleted || unit.presence == Presence::present ||
                      unit.presence == Presence::proven || unit.in_group != 0;
    if (!told && has_copies) {
        // Nobody saw it go. It counts as a cause, and unless there are too many a GET decides.
        if (!key.is_unit()) return;
        if (!running.looked || gate.holds(unit.id)) {
            gate.vanished(unit.id);
            return;
        }
        if (unit.bond.group.empty()) {
            prove_(unit.id);
            return;
        }
    }
    Evaluated nothing;
    add_unwanted(unit, running, key, true, nothing);
    carry_out(unit, *board_.policies[running.index], std::move(nothing), false, false);
}

Result<policy::Into> Planner::reach_of(const policy::Subject& subject, policy::Evaluator& lua) {
    policy::Into all;
    for (const auto& object : subject.sources) {
        policy::Inputs inputs;
        inputs.sources = {object};
        auto one = TRY(lua.into(inputs));
        if (&object == &subject.sources.front()) {
            all = std::move(one);
        } else if (auto* selections = std::get_if<std::vector<policy::Selection>>(&all.where_to)) {
            const auto& more = std::get<std::vector<policy::Selection>>(one.where_to);
            selections->insert(selections->end(), more.begin(), more.end());
        } else {
            auto& targets = std::get<std::vector<policy::Target>>(all.where_to);
            const auto& more = std::get<std::vector<policy::Target>>(one.where_to);
            targets.insert(targets.end(), more.begin(), more.end());
        }
    }
    return all;
}

Result<Planner::Evaluated> Planner::evaluate(const Unit& unit, const RunningPolicy& running,
                                             const policy::Subject& subject,
                                             std::optional<std::string> namespace_name) {
    const auto& shape = running.shape();
    auto& lua = evaluator(running);
    Evaluated evaluated;
    std::map<const policy::Content*, std::shared_ptr<const plan::Wish>> wishes;
    std::optional<std::string> broken;
    bool reads_namespace = shape.consent;  // what of a namespace matters beside whether it is selected
    policy::Bounds bounds;
    bounds.excluded_namespaces = board_.options.excluded_namespaces;

    policy::Wanted wanted;
    wanted.waiting = [](const std::string&) {};
    wanted.refused = [&](policy::Refusal refusal) { evaluated.refusals.push_back(std::move(refusal)); };
    wanted.depends = [&](const std::string& where, const kube::Ref& ref) {
        companions_.ask(ref, unit.id, board_.names.id(where));
        // Until all that it needs is known the whole unit waits.
        if (!namespace_name) companions_.ask(ref, unit.id, 0);
    };
    wanted.copy = [&](policy::Copy copy) {
        reads_namespace = reads_namespace || copy.reads.namespace_object;
        for (const auto& warning : copy.warnings) {
            log::warn(warning, {{"policy", shape.name}, {"source", source_text(unit.bond)}});
        }
        const auto kind = board_.kinds.find(copy.target.kind);
        if (!kind) {
            evaluated.refusals.push_back({copy.target.namespace_name, copy.target.kind, copy.target.name,
                                          "KindNotInstalled", copy.target.kind.kind + " is not installed"});
            return;
        }
        if (const auto why = not_served(copy, shape); !why.empty()) {
            evaluated.refusals.push_back(
                {copy.target.namespace_name, copy.target.kind, copy.target.name, "NotServed", std::string(why)});
            return;
        }
        const auto where = board_.names.id(copy.target.namespace_name);
        if (copy.expires) {
            const auto left = std::chrono::duration_cast<Milliseconds>(
                *copy.expires - (std::chrono::system_clock::now() + board_.client->server_time_offset()));
            if (left <= Milliseconds(0)) return;
            board_.queue.add_after({unit.id, where}, left, queue::Urgency::change, queue::Delay::planned);
        }
        const bool belongs = shape.belongs_to_source && subject.sources.size() == 1 &&
                             subject.sources.front()->namespace_name() == copy.target.namespace_name;
        auto& wish = wishes[copy.content.get()];
        if (!wish || wish->existing != copy.existing || wish->belonging.has_value() != belongs) {
            auto made = std::make_shared<plan::Wish>();
            made->unit = unit.id;
            made->bond = unit.bond;
            made->content = copy.content;
            if (belongs) {
                made->belonging = {unit.bond.source.kind, unit.bond.source.name,
                                   std::string(subject.sources.front()->uid())};
            }
            auto hash = plan::wanted_hash(*copy.content, unit.bond, made->belonging);
            if (!hash) {
                broken = hash.error().message;
                return;
            }
            made->hash = *hash;
            std::vector<std::string> labels;
            std::vector<std::string> annotations;
            for (const auto& [key, value] : copy.content->labels) labels.push_back(key);
            for (const auto& [key, value] : copy.content->annotations) annotations.push_back(key);
            made->keys = board_.names.id(plan::keys_text(labels, annotations));
            made->existing = copy.existing;
            made->writes = shape.writes_for(copy.target.kind);
            wish = std::move(made);
        }
        evaluated.asked.push_back({{where, board_.names.id(copy.target.name), *kind}, wish, {}, {}});
    };

    const BoardView view(board_, companions_, evaluated.incomplete);
    if (namespace_name) {
        TRY_VOID(policy::want_in(shape, lua, subject, *namespace_name, view, bounds, wanted));
    } else {
        companions_.forget(unit.id);
        // A namespace that comes while this is evaluated must find the unit, so it is put down before.
        const auto into = TRY(reach_of(subject, lua));
        reach_.set(unit.id, into, true);
        TRY_VOID(policy::want(shape, lua, subject, view, bounds, wanted));
        if (const auto* selections = std::get_if<std::vector<policy::Selection>>(&into.where_to)) {
            reads_namespace = reads_namespace || std::any_of(selections->begin(), selections->end(),
                                                             [](const auto& one) { return one.has_where(); });
        }
        reach_.set(unit.id, into, reads_namespace);
    }
    if (broken) return fail(*broken);
    if (!evaluated.incomplete && !namespace_name) companions_.complete(unit.id);
    return evaluated;
}

void Planner::add_unwanted(const Unit& unit, const RunningPolicy& running, const queue::Key& key, bool source_gone,
                           Evaluated& evaluated) {
    std::unordered_set<plan::TargetKey, plan::TargetKeyHash> settled;
    for (const auto& asked : evaluated.asked) settled.insert(asked.target);
    std::unordered_set<plan::TargetKey, plan::TargetKeyHash> refused;
    for (const auto& refusal : evaluated.refusals) {
        if (const auto kind = board_.kinds.find(refusal.kind)) {
            refused.insert({board_.names.id(refusal.namespace_name), board_.names.id(refusal.name), *kind});
        }
    }
    // What cannot be evaluated keeps its last good copy; what goes with its namespace needs nothing of us.
    std::unordered_set<plan::NameId> kept;
    for (const auto& refusal : evaluated.refusals) {
        if (refusal.reason == "EvaluationFailed" || refusal.reason == "NamespaceTerminating" ||
            refusal.reason == "KindNotInstalled" || refusal.reason == "NotServed") {
            kept.insert(board_.names.id(refusal.namespace_name));
        }
    }
    std::vector<plan::TargetKey> have_targets;
    board_.have.with([&](plan::Have& have) {
        have_targets = key.is_unit() ? have.targets_of(unit.id) : have.targets_of(unit.id, key.spot);
        // A copy that was made and is not in the records yet.
        have.each_sighting([&](const plan::TargetKey& target, const plan::Record& record) {
            if (record.unit == unit.id && (key.is_unit() || target.namespace_name == key.spot))
                have_targets.push_back(target);
        });
        // A step on its way makes what must then go again.
        have.each_ticket([&](const plan::TargetKey& target, const plan::Ticket& ticket) {
            if (ticket.unit == unit.id && (key.is_unit() || target.namespace_name == key.spot))
                have_targets.push_back(target);
        });
        for (const auto& target : have.contested_by(unit.id)) {
            if ((!key.is_unit() && target.namespace_name != key.spot) || settled.contains(target)) continue;
            have.withdraw(target, unit.id);
            // The holder may have let it go to those who waited.
            const auto* record = have.record(target);
            if (record != nullptr && have.candidates(target).empty())
                board_.queue.add({record->unit, target.namespace_name});
        }
        std::erase_if(have.troubles(), [&](const auto& entry) {
            return entry.second.unit == unit.id && (key.is_unit() || entry.first.namespace_name == key.spot) &&
                   !settled.contains(entry.first) && !refused.contains(entry.first);
        });
    });
    const auto leftover = [&](const plan::TargetKey& target) {
        if (!source_gone) return plan::Leftover::report;
        auto into = evaluator(running).into({});
        if (!into || into->reads.source) return plan::Leftover::report;
        const auto name = board_.names.text(target.namespace_name);
        if (board_.options.excluded_namespaces.contains(name)) return plan::Leftover::report;
        const auto object = board_.namespaces.find({}, name);
        if (!object) return plan::Leftover::report;
        const auto metadata = reader_.metadata(object->json());
        return metadata && may_reach(*into, *metadata) ? plan::Leftover::remove : plan::Leftover::report;
    };
    const bool keeps = source_gone && running.shape().orphans == policy::Orphans::keep && !unit.bond.owner.name.empty();
    if (keeps) return;
    for (const auto& target : have_targets) {
        if (!settled.insert(target).second || kept.contains(target.namespace_name)) continue;
        evaluated.asked.push_back({target, nullptr, leftover(target), plan::Holder::self});
    }
}

bool Planner::still_wants(plan::UnitId holder, const plan::TargetKey& target) {
    const auto unit = board_.units.get(holder);
    if (!unit) return false;
    // Copies of a policy that is not there, or not ready, are kept.
    const auto* running = board_.running(unit->policy);
    if (running == nullptr || !running->ready) return true;
    const auto what = subject(*unit, *running);
    if (!what) return true;
    if (!*what) return unit->presence == Presence::unknown || unit->presence == Presence::vanished;
    const auto evaluated = evaluate(*unit, *running, **what, board_.names.text(target.namespace_name));
    if (!evaluated || evaluated->incomplete) return true;
    return std::any_of(evaluated->asked.begin(), evaluated->asked.end(),
                       [&](const auto& asked) { return asked.target == target; });
}

void Planner::ask_holders(const Unit& unit, std::vector<Asked>& asked) {
    std::vector<std::pair<std::size_t, plan::UnitId>> others;
    board_.have.with([&](const plan::Have& have) {
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (!asked[i].wish) continue;
            const auto standing = have.standing(asked[i].target);
            const auto* record = std::get_if<plan::Record>(&standing);
            if (record != nullptr && !record->by_marks && record->unit != unit.id) others.emplace_back(i, record->unit);
        }
    });
    for (const auto& [index, holder] : others) {
        asked[index].held_by = holder;
        asked[index].holder = still_wants(holder, asked[index].target) ? plan::Holder::wants : plan::Holder::lets_go;
    }
}

void Planner::note(plan::Have& have, const Unit& unit, const plan::TargetKey& target, plan::Trouble trouble) {
    trouble.unit = unit.id;
    auto& known = have.troubles()[target];
    const bool is_new =
        known.reason != trouble.reason || known.message != trouble.message || known.unit != trouble.unit;
    known = trouble;
    if (is_new) report_.trouble(unit.id, board_.describe(target), trouble);
}

Milliseconds Planner::repair_delay(plan::Have& have, const Unit& unit, const plan::TargetKey& target) {
    const auto found = have.rivalries().find(target);
    if (found == have.rivalries().end() || !found->second.again) return Milliseconds(0);
    auto& rivalry = found->second;
    const auto now = std::chrono::steady_clock::now();
    if (now - rivalry.last > peace) rivalry.repairs = 0;
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

std::optional<apply::Order> Planner::decide(plan::Have& have, const Unit& unit, RunningPolicy& running,
                                            const Asked& asked, bool first_look) {
    const auto& target = asked.target;
    const auto* wish = asked.wish.get();
    if (auto* ticket = have.ticket(target)) {
        if (ticket->sent) {
            ticket->again.insert(unit.id);
            return std::nullopt;
        }
        if (ticket->unit != unit.id) {
            if (wish == nullptr) return std::nullopt;
            const auto other = board_.units.get(ticket->unit);
            if (!ticket->creates || !other || !unit.older_than(*other)) {
                have.contest(target, unit.id);
                note(have, unit, target,
                     {.refused = true, .reason = "HeldByOther", .message = "is wanted for an older source"});
                return std::nullopt;
            }
            have.contest(target, ticket->unit);
        }
    }

    auto standing = have.standing(target);
    if (const auto* record = std::get_if<plan::Record>(&standing);
        record != nullptr && record->by_marks && record->unit != unit.id) {
        // Its marks name another source: no copy of this one, whoever made it. What is there now, a Create finds out.
        standing = plan::Absent{};
    }
    const auto* known = std::get_if<plan::Record>(&standing);
    const plan::UnitId held_by = known != nullptr && !known->by_marks && known->unit != unit.id ? known->unit : 0;
    // What another unit has taken over since is no longer this one's to remove.
    if (wish == nullptr && held_by != 0) return std::nullopt;
    if (wish != nullptr && held_by != asked.held_by) {
        // It changed hands while its holder was asked.
        board_.queue.add({unit.id, target.namespace_name});
        return std::nullopt;
    }
    auto decision = plan::diff(target, wish, standing, asked.holder, asked.leftover);
    if (std::holds_alternative<plan::Foreign>(standing)) have.forget_foreign(target);

    if (std::holds_alternative<plan::Keep>(decision)) {
        if (const auto known_trouble = have.troubles().find(target);
            known_trouble != have.troubles().end() && known_trouble->second.unit == unit.id) {
            have.troubles().erase(known_trouble);
        }
        have.withdraw(target, unit.id);
        have.close(target);
        return std::nullopt;
    }
    if (std::holds_alternative<plan::Wait>(decision)) {
        have.close(target);
        return std::nullopt;
    }
    if (const auto* refuse = std::get_if<plan::Refuse>(&decision)) {
        const bool held = refuse->reason == "HeldByOther";
        auto message = refuse->message;
        if (held) {
            have.contest(target, unit.id);
            const auto* record = std::get_if<plan::Record>(&standing);
            const auto holder = record == nullptr ? std::optional<Unit>() : board_.units.get(record->unit);
            if (holder) message = "is held for " + source_text(holder->bond) + " by policy " + holder->bond.policy;
        } else if (wish != nullptr) {
            board_.queue.add_after({unit.id, target.namespace_name}, board_.options.refused_again, queue::Urgency::idle,
                                   queue::Delay::planned);
        }
        note(have, unit, target,
             {.refused = true, .reason = std::string(refuse->reason), .message = std::move(message)});
        have.close(target);
        return std::nullopt;
    }

    auto& step = std::get<plan::Do>(decision);
    const bool removes = wish == nullptr;
    if (removes) {
        const Gate::Drop drop{unit.id, target.namespace_name};
        if (first_look && board_.namespaces.find({}, board_.names.text(target.namespace_name)))
            running.gate.dropped(drop);
        if (running.gate.holds(drop)) return std::nullopt;
        // A source that wants it next takes it over in place; its look turns this into a Replace.
        const auto candidates = have.candidates(target);
        if (!candidates.empty()) {
            for (const auto candidate : candidates)
                board_.queue.add({candidate, target.namespace_name}, queue::Urgency::front);
            return std::nullopt;
        }
        have.rivalries().erase(target);
    } else if (const auto delay = repair_delay(have, unit, target); delay > Milliseconds(0)) {
        board_.queue.add_after({unit.id, target.namespace_name}, delay, queue::Urgency::change, queue::Delay::planned);
        return std::nullopt;
    }
    if (auto* create = std::get_if<plan::Create>(&step.step)) {
        const auto trouble = have.troubles().find(target);
        create->look_first = trouble != have.troubles().end() && trouble->second.refused;
    }
    if (board_.options.dry_run) {
        // A plan is told once, not each time it is made again.
        auto& told = have.troubles()[target];
        std::string would =
            std::string(plan::name(step.step)) + " " + (wish != nullptr ? wish->hash.hex() : std::string());
        if (told.message != would) report_.would(unit.id, board_.describe(target), plan::name(step.step), step.why);
        told = {.unit = unit.id, .reason = "DryRun", .message = std::move(would)};
        return std::nullopt;
    }
    apply::Order order;
    order.ticket = have.issue(target, unit.id, std::holds_alternative<plan::Create>(step.step)).number;
    order.step = std::move(step.step);
    order.wish = asked.wish;
    order.unit = unit.id;
    order.generation = unit.generation;
    order.why = step.why;
    return order;
}

void Planner::carry_out(const Unit& unit, RunningPolicy& running, Evaluated evaluated, bool urgent, bool first_look) {
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
        if (refusal.reason == "EvaluationFailed") {
            report_.policy_error(unit.id, refusal.namespace_name + ": " + refusal.message);
            continue;
        }
        const auto kind = board_.kinds.find(refusal.kind);
        if (!kind) continue;
        const plan::TargetKey target{board_.names.id(refusal.namespace_name), board_.names.id(refusal.name), *kind};
        board_.have.with([&](plan::Have& have) {
            note(have, unit, target, {.refused = true, .reason = refusal.reason, .message = refusal.message});
        });
    }
}

}  // namespace moontide::sync
