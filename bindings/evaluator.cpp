#include "bindings/evaluator.hpp"

#include "bindings/content.hpp"
#include "bindings/evaluation.hpp"
#include "bindings/selections.hpp"
#include "bindings/told.hpp"
#include "bindings/words.hpp"
#include "policy/kind_of.hpp"
#include "policy/shorten.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

class LuaEvaluator final : public policy::Evaluator {
public:
    explicit LuaEvaluator(std::shared_ptr<const LoadedPolicy> policy)
        : policy_(policy), functions_(std::move(policy)) {}

    Result<std::vector<policy::Selection>> owners() override { return shape().constant_owners; }

    Result<policy::From> from(const policy::Inputs& inputs) override {
        policy::From from;
        if (shape().constant_from) {
            from.selections = *shape().constant_from;
            return from;
        }
        Evaluation evaluation = begin(inputs);
        from.selections = TRY(resolve(shape().from, evaluation, from.waiting));
        return from;
    }

    Result<bool> where(const policy::Selection& selection, const policy::Inputs& inputs) override {
        if (!selection.has_where()) return true;
        if (selection.where && !TRY(ask(*selection.where, inputs))) return false;
        for (const policy::Selection& exception : selection.except) {
            if (exception.has_where() && TRY(holds(exception, inputs))) return false;
        }
        return true;
    }

    Result<std::optional<std::string>> group(const policy::Inputs& inputs) override {
        if (!shape().group) return std::nullopt;
        Evaluation evaluation = begin(inputs);
        auto text = TRY(evaluation.text(*shape().group));
        if (text && text->empty()) return std::nullopt;
        return text;
    }

    Result<policy::Into> into(const policy::Inputs& inputs) override {
        policy::Into into;
        if (shape().constant_into) {
            into.where_to = *shape().constant_into;
            return into;
        }
        Evaluation evaluation = begin(inputs);
        if (const auto* function = std::get_if<Function>(&shape().into)) {
            into.where_to = TRY(targets_of(*function, evaluation));
        } else {
            into.where_to = TRY(resolve(std::get<std::vector<SelectionShape>>(shape().into), evaluation, into.waiting));
        }
        into.reads = evaluation.reads();
        return into;
    }

    Result<policy::Existing> existing(const policy::Inputs& inputs) override {
        Evaluation evaluation = begin(inputs);
        return existing(evaluation);
    }

    Result<std::vector<policy::Companions>> with(const policy::Inputs& inputs) override {
        std::vector<policy::Companions> all;
        if (shape().with.empty()) return all;
        Evaluation evaluation = begin(inputs);
        TRY_VOID(aim(evaluation, inputs));
        std::string_view home;
        if (inputs.owner) {
            home = inputs.owner->namespace_name();
        } else if (!inputs.sources.empty()) {
            home = inputs.sources.front()->namespace_name();
        }
        for (const CompanionShape& companion : shape().with)
            all.push_back(TRY(companions_of(companion, evaluation, home)));
        return all;
    }

    Result<policy::Copy> copy(const policy::Inputs& inputs) override {
        if (!inputs.target) return fail(fmt::format("{}: a copy without a target", policy_->text.file));
        Evaluation evaluation = begin(inputs);
        TRY_VOID(aim(evaluation, inputs));
        TRY_VOID(name(evaluation, inputs));
        policy::Copy copy;
        copy.existing = TRY(existing(evaluation));
        copy.expires = TRY(expires(evaluation, inputs));
        copy.content = TRY(content_of(evaluation));
        copy.target = evaluation.target;
        copy.reads = evaluation.reads();
        copy.warnings = std::move(evaluation.warnings());
        return copy;
    }

    Result<policy::StatusFields> status(const policy::Inputs& inputs, const policy::Report& report) override {
        policy::StatusFields status;
        if (!shape().status) return status;
        Evaluation evaluation = begin(inputs);
        evaluation.report = &report;
        status.fields = TRY(status_of(*shape().status, evaluation));
        status.dated = evaluation.has_read_times();
        return status;
    }

    Result<std::optional<kube::Ref>> store(const policy::Inputs& inputs) override {
        Evaluation evaluation = begin(inputs);
        return store_of(evaluation);
    }

private:
    const PolicyShape& shape() const { return policy_->shape; }

    Evaluation begin(const policy::Inputs& inputs) { return Evaluation(*policy_, functions_, documents_, inputs); }

    Result<bool> ask(int number, const policy::Inputs& inputs) {
        Evaluation evaluation = begin(inputs);
        const Json answer = TRY(evaluation.call(Function{number}));
        if (answer.is_null()) return false;
        if (answer.is_boolean()) return answer.get<bool>();
        const Place& place = shape().functions[static_cast<std::size_t>(number)].place;
        return evaluation.fail_at(place, "the function must return true or false");
    }

    /// Whether an exception means the object that is asked about: the namespace, else the source, else the owner.
    Result<bool> holds(const policy::Selection& exception, const policy::Inputs& inputs) {
        const kube::ObjectPtr& object = inputs.namespace_object   ? inputs.namespace_object
                                        : !inputs.sources.empty() ? inputs.sources.front()
                                                                  : inputs.owner;
        if (!object) return false;
        const auto metadata = reader_.metadata(object->json());
        if (!metadata) return std::unexpected(metadata.error());
        if (!exception.kinds.empty() && !inputs.namespace_object) {
            const auto kind = policy::kind_of(*object);
            if (kind && std::ranges::find(exception.kinds, *kind) == exception.kinds.end()) return false;
        }
        if (!exception.matches(*metadata)) return false;
        return where(exception, inputs);
    }

    /// The target, with the kind that it has where the caller left that open, and the group's text.
    Result<void> aim(Evaluation& evaluation, const policy::Inputs& inputs) {
        if (inputs.target) evaluation.target = *inputs.target;
        if (shape().group && !inputs.sources.empty()) {
            policy::Inputs first;
            first.owner = inputs.owner;
            first.sources = {inputs.sources.front()};
            evaluation.group = TRY(group(first));
        }
        evaluation.use_target();
        kube::Kind& kind = evaluation.target.kind;
        if (!kind.kind.empty()) return {};
        const auto& kinds = shape().shape.copy_kinds;
        if (kinds.size() == 1) {
            kind = kinds.front();
            return {};
        }
        const auto of_source = inputs.sources.empty() ? std::nullopt : policy::kind_of(*inputs.sources.front());
        if (of_source && std::ranges::find(kinds, *of_source) != kinds.end()) {
            kind = *of_source;
            return {};
        }
        return evaluation.fail_at(shape().slot("kind"), "which of the policy's kinds the copy is, 'into' does not say");
    }

    Result<void> name(Evaluation& evaluation, const policy::Inputs& inputs) {
        std::string& name = evaluation.target.name;
        if (name.empty()) {
            if (shape().name) {
                const auto text = TRY(evaluation.text(*shape().name));
                if (!text || text->empty()) return evaluation.fail_at(shape().name->place, "the name is empty");
                name = *text;
            } else if (!inputs.sources.empty()) {
                name = inputs.sources.front()->name();
            } else {
                return evaluation.fail_at(shape().slot("name"), "the copy has no name");
            }
        }
        name = policy::short_name(name);
        return {};
    }

    Result<policy::Existing> existing(Evaluation& evaluation) {
        if (shape().shape.existing) return *shape().shape.existing;
        const Value& value = *shape().existing;
        const auto word = TRY(evaluation.text(value));
        if (!word) return policy::Existing::refuse;
        const auto existing = existing_named(*word);
        if (!existing) {
            return evaluation.fail_at(
                value.place, fmt::format("\"{}\" is not one of refuse, marked, adopt, overwrite, merge, join{}", *word,
                                         near_existing(*word)));
        }
        if (*existing == policy::Existing::marked && !has_telling_mark(shape())) {
            return evaluation.fail_at(value.place, "\"marked\" needs a label or annotation that comes from the source");
        }
        return *existing;
    }

    Result<std::optional<WallTime>> expires(Evaluation& evaluation, const policy::Inputs& inputs) {
        if (!shape().expires) return std::nullopt;
        const Value& value = *shape().expires;
        const auto text = TRY(evaluation.text(value));
        if (!text) return std::nullopt;
        const auto expiry = parse_expiry(*text);
        if (!expiry) return evaluation.fail_at(value.place, expiry.error().message);
        if (const auto* time = std::get_if<WallTime>(&*expiry)) return *time;
        // Of a group, the last of its sources keeps the copy.
        std::optional<WallTime> latest;
        for (const kube::ObjectPtr& source : inputs.sources) {
            const auto created = parse_time(source->creation_timestamp());
            if (created && (!latest || *created > *latest)) latest = created;
        }
        if (!latest)
            return evaluation.fail_at(value.place, "a duration counts from the source's creation, which is not known");
        return *latest + std::get<std::chrono::seconds>(*expiry);
    }

    const std::shared_ptr<const LoadedPolicy> policy_;
    Functions functions_;
    DocumentCache documents_;
    kube::Reader reader_;
};

}  // namespace

std::unique_ptr<policy::Evaluator> make_evaluator(std::shared_ptr<const LoadedPolicy> policy) {
    return std::make_unique<LuaEvaluator>(std::move(policy));
}

Result<void> resolve_constants(LoadedPolicy& policy) {
    // No function is called, so these functions never make a state.
    Functions functions(nullptr);
    DocumentCache cache;
    const policy::Inputs nothing;
    Evaluation evaluation(policy, functions, cache, nothing);
    std::vector<std::string> waiting;
    PolicyShape& shape = policy.shape;
    shape.constant_owners = TRY(resolve(shape.owners, evaluation, waiting));
    if (!waiting.empty()) return fail(fmt::format("{}: 'owner': {}", policy.text.file, waiting.front()));
    if (std::ranges::all_of(shape.from, &SelectionShape::is_constant)) {
        shape.constant_from = TRY(resolve(shape.from, evaluation, waiting));
    }
    const auto* into = std::get_if<std::vector<SelectionShape>>(&shape.into);
    if (into && std::ranges::all_of(*into, &SelectionShape::is_constant)) {
        auto selections = TRY(resolve(*into, evaluation, waiting));
        // A missing setting leaves the selection to each evaluation, which says what it waits for.
        if (waiting.empty()) shape.constant_into = std::move(selections);
    }
    return {};
}

}  // namespace moontide::bindings
