#include "sync/evaluation.hpp"

#include "base/log.hpp"
#include "plan/content_hash.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/report.hpp"
#include "sync/sources.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

/// Kinds that the server keeps as they are sent, and that `writes` takes for ours whole.
bool is_text(const kube::Kind& kind) {
    return kind.api_version == "v1" && (kind.kind == "ConfigMap" || kind.kind == "Secret");
}

class BoardView final : public policy::View {
public:
    BoardView(const Board& board, Companions& companions, bool& incomplete)
        : board_(board), companions_(companions), incomplete_(incomplete) {}

    kube::ObjectPtr namespace_object(std::string_view name) const override { return board_.namespace_named(name); }
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

/// What of a content becomes ours in an object that is somebody else's: what the whole object is stays theirs to say.
policy::Content part_content(const policy::Content& content) {
    auto part = content;
    auto fields = nlohmann::json::parse(content.fields, nullptr, false);
    if (!is_text(content.kind) || !fields.is_object()) return part;
    fields.erase("type");
    fields.erase("immutable");
    part.fields = fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return part;
}

bool selects_nothing(const policy::Into& into) {
    return std::visit([](const auto& places) { return places.empty(); }, into.where_to);
}

/// Where a namespace's change concerns the unit: the `into` of all sources together.
policy::Into together(const std::vector<policy::Into>& of_sources) {
    policy::Into all = of_sources.front();
    const auto append = [](auto& to, const auto& more) { to.insert(to.end(), more.begin(), more.end()); };
    for (auto one = of_sources.begin() + 1; one != of_sources.end(); ++one) {
        // One slot made them all, so they are of one kind.
        if (auto* selections = std::get_if<std::vector<policy::Selection>>(&all.where_to)) {
            append(*selections, std::get<std::vector<policy::Selection>>(one->where_to));
        } else {
            append(std::get<std::vector<policy::Target>>(all.where_to),
                   std::get<std::vector<policy::Target>>(one->where_to));
        }
    }
    return all;
}

}  // namespace

/// One evaluation of a unit, for all namespaces or for one.
class Evaluation::Pass {
public:
    Pass(Evaluation& evaluation, const Unit& unit, const RunningPolicy& running, const policy::Subject& subject,
         const std::optional<std::string>& only)
        : board_(evaluation.board_),
          reach_(evaluation.reach_),
          companions_(evaluation.companions_),
          lua_(evaluation.evaluator(running)),
          unit_(unit),
          shape_(running.shape()),
          subject_(subject),
          only_(only),
          reads_namespace_(shape_.consent) {}

    Result<Evaluated> run() {
        policy::Wanted wanted;
        wanted.waiting = [this](std::string text) { evaluated_.waiting.push_back(std::move(text)); };
        wanted.refused = [this](policy::Refusal refusal) { evaluated_.refusals.push_back(std::move(refusal)); };
        wanted.depends = [this](const std::string& where, const kube::Ref& ref) { depends(where, ref); };
        wanted.copy = [this](policy::Copy copy) { take(std::move(copy)); };
        policy::Bounds bounds;
        bounds.excluded_namespaces = board_.options.excluded_namespaces;
        const BoardView view(board_, companions_, evaluated_.incomplete);
        if (only_) {
            TRY_VOID(policy::want_in(shape_, lua_, subject_, *only_, view, bounds, wanted));
        } else {
            companions_.forget(unit_.id);
            // A namespace that comes while this is evaluated must find the unit, so it is put down before.
            wanted.reach = [this](const std::vector<policy::Into>& of_sources) {
                into_ = together(of_sources);
                evaluated_.owner_decides = unit_.owner != 0 && std::ranges::any_of(of_sources, [](const auto& one) {
                                               return one.reads.owner;
                                           });
                reach_.set(unit_.id, *into_, true);
            };
            TRY_VOID(policy::want(shape_, lua_, subject_, view, bounds, wanted));
            settle_reach();
            // Where another selection says where the copies belong, one that does not is no lack.
            if (into_ && !selects_nothing(*into_)) evaluated_.waiting.clear();
        }
        if (broken_) return fail(*broken_);
        if (!evaluated_.incomplete && !only_) companions_.complete(unit_.id);
        return std::move(evaluated_);
    }

private:
    void settle_reach() {
        if (!into_) return;
        if (const auto* selections = std::get_if<std::vector<policy::Selection>>(&into_->where_to)) {
            reads_namespace_ = reads_namespace_ || std::any_of(selections->begin(), selections->end(),
                                                               [](const auto& one) { return one.has_where(); });
        }
        reach_.set(unit_.id, *into_, reads_namespace_);
    }

    void depends(const std::string& where, const kube::Ref& ref) {
        companions_.ask(ref, unit_.id, board_.names.id(where));
        // Until all that it needs is known the whole unit waits.
        if (!only_) companions_.ask(ref, unit_.id, 0);
    }

    void refuse(const policy::Target& target, std::string reason, std::string message) {
        evaluated_.refusals.push_back(
            {target.namespace_name, target.kind, target.name, std::move(reason), std::move(message)});
    }

    void take(policy::Copy copy) {
        reads_namespace_ = reads_namespace_ || copy.reads.namespace_object;
        for (const auto& warning : copy.warnings) {
            log::warn(warning, {{"policy", shape_.name}, {"source", source_text(unit_.bond)}});
        }
        const auto kind = board_.kinds.find(copy.target.kind);
        if (!kind) return refuse(copy.target, "KindNotInstalled", copy.target.kind.kind + " is not installed");
        const auto where = board_.names.id(copy.target.namespace_name);
        if (copy.expires) {
            const auto left = std::chrono::duration_cast<Milliseconds>(
                *copy.expires - (std::chrono::system_clock::now() + board_.client->server_time_offset()));
            if (left <= Milliseconds(0)) return;
            board_.queue.add_after({unit_.id, where}, left, queue::Urgency::change, queue::Delay::planned);
        }
        const bool belongs = belongs_to(copy.target.namespace_name) != nullptr;
        auto& wishes = wishes_[copy.content.get()];
        const auto& known = wishes.whole;
        if (!known || known->existing != copy.existing || known->belonging.has_value() != belongs) {
            auto made = wishes_for(copy, belongs);
            if (!made) {
                broken_ = made.error().message;
                return;
            }
            wishes = std::move(*made);
        }
        const plan::TargetKey target{where, board_.names.id(copy.target.name), *kind};
        evaluated_.asked.push_back({.target = target, .wish = wishes.whole, .part = wishes.part});
    }

    /// Of one content: for an object of our own, and for a part of somebody else's.
    struct Wishes {
        std::shared_ptr<const plan::Wish> whole;
        std::shared_ptr<const plan::Wish> part;
    };

    /// Whose the copy is to the garbage collector; null: nobody's.
    const kube::Object* belongs_to(std::string_view namespace_name) const {
        if (!shape_.belongs) return nullptr;
        const kube::Object* object = nullptr;
        if (*shape_.belongs == policy::Belongs::owner) {
            object = subject_.owner.get();
        } else if (subject_.sources.size() == 1) {
            object = subject_.sources.front().get();
        }
        return object != nullptr && object->namespace_name() == namespace_name ? object : nullptr;
    }

    Result<Wishes> wishes_for(const policy::Copy& copy, bool belongs) {
        plan::Wish whole;
        whole.unit = unit_.id;
        whole.bond = unit_.bond;
        whole.content = copy.content;
        whole.existing = copy.existing;
        whole.verbatim = is_text(copy.content->kind);
        // What is made for others to have their part in it is not ours whole, unless the policy says so.
        const bool shared = policy::joins(copy.existing) && !shape_.writes;
        whole.writes = shared ? policy::Writes::fields : shape_.writes_for(copy.target.kind);
        std::vector<std::string> labels;
        std::vector<std::string> annotations;
        for (const auto& [key, value] : copy.content->labels) labels.push_back(key);
        for (const auto& [key, value] : copy.content->annotations) annotations.push_back(key);
        whole.keys = board_.names.id(plan::keys_text(labels, annotations));

        Wishes made;
        if (policy::joins(copy.existing)) {
            auto part = whole;
            part.content = std::make_shared<policy::Content>(part_content(*copy.content));
            part.writes = policy::Writes::fields;
            part.hash = TRY(plan::wanted_fields_hash(*part.content, part.bond, std::nullopt));
            made.part = std::make_shared<plan::Wish>(std::move(part));
        }
        if (belongs) {
            const auto& object = *belongs_to(copy.target.namespace_name);
            const auto& ref = *shape_.belongs == policy::Belongs::owner ? unit_.bond.owner : unit_.bond.source;
            whole.belonging = {ref.kind, ref.name, std::string(object.uid())};
        }
        const auto hash = whole.writes == policy::Writes::whole ? plan::wanted_hash : plan::wanted_fields_hash;
        whole.hash = TRY(hash(*copy.content, whole.bond, whole.belonging));
        made.whole = std::make_shared<plan::Wish>(std::move(whole));
        return made;
    }

    Board& board_;
    Reach& reach_;
    Companions& companions_;
    policy::Evaluator& lua_;
    const Unit& unit_;
    const policy::Shape& shape_;
    const policy::Subject& subject_;
    const std::optional<std::string>& only_;
    Evaluated evaluated_;
    std::map<const policy::Content*, Wishes> wishes_;
    std::optional<policy::Into> into_;
    std::optional<std::string> broken_;
    bool reads_namespace_;  ///< what of a namespace matters beside whether it is selected
};

Evaluation::Evaluation(Board& board, Reach& reach, Companions& companions)
    : board_(board), reach_(reach), companions_(companions) {}

policy::Evaluator& Evaluation::evaluator(const RunningPolicy& running) {
    auto& made = evaluators_[running.index];
    if (!made) made = running.policy->evaluator();
    return *made;
}

Result<kube::ObjectPtr> Evaluation::meant(const kube::ObjectPtr& object, const kube::Kind& kind,
                                          const std::vector<policy::Selection>& from, const policy::Inputs& inputs,
                                          const RunningPolicy& running) {
    for (const auto& selection : from) {
        if (std::find(selection.kinds.begin(), selection.kinds.end(), kind) == selection.kinds.end()) continue;
        const auto metadata = reader_.metadata(object->json());
        if (!metadata) return fail(metadata.error().message);
        if (!selection.matches(*metadata)) continue;
        if (!selection.has_where() || TRY(evaluator(running).where(selection, inputs))) return object;
    }
    return kube::ObjectPtr();
}

kube::ObjectPtr Evaluation::is_in_feeds(const kube::Ref& ref, const RunningPolicy& running) {
    for (const auto* feed : running.feeds) {
        if (feed->scope.resource.kind != ref.kind) continue;
        if (auto object = feed->store.find(ref.namespace_name, ref.name)) return object;
    }
    return nullptr;
}

Result<kube::ObjectPtr> Evaluation::owner(const Unit& owner, const RunningPolicy& running) {
    policy::Inputs inputs;
    inputs.owner = is_in_feeds(owner.bond.owner, running);
    if (!inputs.owner) return kube::ObjectPtr();
    return meant(inputs.owner, owner.bond.owner.kind, running.from, inputs, running);
}

Result<kube::ObjectPtr> Evaluation::source(const Unit& unit, const kube::Ref& ref, const RunningPolicy& running) {
    policy::Inputs inputs;
    if (unit.owner == 0) {
        for (const auto* feed : running.feeds) {
            if (feed->scope.resource.kind != ref.kind) continue;
            auto object = feed->store.find(ref.namespace_name, ref.name);
            if (!object) continue;
            inputs.sources = {object};
            if (auto found = TRY(meant(object, ref.kind, running.from, inputs, running))) return found;
        }
        return kube::ObjectPtr();
    }
    const auto selected = board_.owner_sources->selected(unit.owner);
    if (!selected) return kube::ObjectPtr();
    if (running.shape().owner_is_source) return selected->owner;
    auto object = board_.owner_sources->find(ref);
    if (!object) return kube::ObjectPtr();
    inputs.owner = selected->owner;
    inputs.sources = {object};
    return meant(object, ref.kind, selected->from, inputs, running);
}

Result<std::optional<policy::Subject>> Evaluation::subject(const Unit& unit, const RunningPolicy& running) {
    policy::Subject subject;
    if (unit.owner != 0) {
        const auto owner = board_.units.get(unit.owner);
        if (!owner || asking(board_, *owner) != Asking::yes) return std::optional<policy::Subject>();
        const auto selected = board_.owner_sources->selected(unit.owner);
        if (!selected) return std::optional<policy::Subject>();
        subject.owner = selected->owner;
    }
    if (unit.bond.group.empty()) {
        if (auto object = TRY(source(unit, unit.bond.source, running))) subject.sources.push_back(std::move(object));
    } else {
        for (const auto& member : unit.members) {
            if (auto object = TRY(source(unit, member, running))) subject.sources.push_back(std::move(object));
        }
    }
    if (subject.sources.empty()) return std::optional<policy::Subject>();
    return std::optional(std::move(subject));
}

Result<Evaluated> Evaluation::evaluate(const Unit& unit, const RunningPolicy& running, const policy::Subject& subject,
                                       const std::optional<std::string>& namespace_name) {
    return Pass(*this, unit, running, subject, namespace_name).run();
}

bool Evaluation::still_wants(plan::UnitId holder, const plan::TargetKey& target) {
    const auto unit = board_.units.get(holder);
    if (!unit) return false;
    // Copies of a policy that is not there, or not ready, are kept.
    const auto* running = board_.running(unit->policy);
    if (running == nullptr || !running->ready) return true;
    const auto what = subject(*unit, *running);
    if (!what) return true;
    if (!*what) {
        const auto owner = unit->owner == 0 ? std::nullopt : board_.units.get(unit->owner);
        const auto asks = owner ? asking(board_, *owner) : Asking::yes;
        if (asks != Asking::yes) return asks == Asking::unknown;
        return unit->presence == Presence::unknown || unit->presence == Presence::vanished;
    }
    const auto evaluated = evaluate(*unit, *running, **what, board_.names.text(target.namespace_name));
    if (!evaluated || evaluated->incomplete) return true;
    return std::any_of(evaluated->asked.begin(), evaluated->asked.end(),
                       [&](const auto& asked) { return asked.target == target; });
}

bool Evaluation::keeps_orphan(const Unit& unit, const RunningPolicy& running, const std::string& namespace_name) {
    const auto selected = board_.owner_sources->selected(unit.owner);
    if (!selected) return true;
    if (unit.bond.group.empty() && !could_be_source(selected->from, unit.bond.source)) return false;
    policy::Inputs inputs;
    inputs.owner = selected->owner;
    const auto into = evaluator(running).into(inputs);
    const auto object = board_.namespace_named(namespace_name);
    if (!into || into->reads.source || !object) return true;
    reach_.set(unit.id, *into, false);  // a namespace that changes concerns what is kept, too
    const auto metadata = reader_.metadata(object->json());
    return !metadata || may_reach(*into, *metadata);
}

bool Evaluation::takes_marked(const Unit& unit, const RunningPolicy& running, const std::string& namespace_name) {
    policy::Inputs inputs;
    if (unit.owner != 0) {
        const auto owner = board_.units.get(unit.owner);
        inputs.owner = owner ? is_in_feeds(owner->bond.owner, running) : nullptr;
        if (!inputs.owner) return false;
    }
    const auto existing = evaluator(running).existing(inputs);
    if (!existing || *existing != policy::Existing::marked) return false;
    const auto into = evaluator(running).into(inputs);
    if (!into || into->reads.source || (into->reads.owner && unit.owner == 0)) return false;
    const auto object = board_.namespace_named(namespace_name);
    if (!object) return false;
    const auto metadata = reader_.metadata(object->json());
    return metadata && may_reach(*into, *metadata);
}

}  // namespace moontide::sync
