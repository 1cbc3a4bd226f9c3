#include "policy/want.hpp"

#include "policy/candidates.hpp"
#include "policy/consent.hpp"
#include "policy/kind_of.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace moontide::policy {
namespace {

/// One evaluation of a unit, for all namespaces or for one.
class Pass {
public:
    Pass(const Shape& shape, Evaluator& evaluator, const Subject& subject, const View& view, const Bounds& bounds,
         const Wanted& wanted)
        : shape_(shape), evaluator_(evaluator), subject_(subject), view_(view), bounds_(bounds), wanted_(wanted) {}

    Result<void> run(std::optional<std::string_view> only) {
        // A policy that has sources wants nothing where there is none.
        if (subject_.sources.empty() && !shape_.source_kinds.empty()) return {};
        TRY_VOID(read_sources());

        const Ground ground{evaluator_, view_, reader_, bounds_, only};
        const auto inputs = inputs_of_each_source();
        std::vector<Into> intos;  // the candidates point into them
        for (const Inputs& one : inputs) {
            intos.push_back(TRY(evaluator_.into(one)));
            for (const std::string& waiting : intos.back().waiting) wanted_.waiting(waiting);
        }
        if (wanted_.reach) wanted_.reach(intos);

        std::vector<std::vector<Candidate>> of_sources;
        for (std::uint32_t number = 0; number < intos.size(); ++number) {
            of_sources.push_back(candidates_of(ground, intos[number], inputs[number], number, wanted_));
        }
        for (const Candidate& candidate : merged(std::move(of_sources))) decide(candidate);
        return {};
    }

private:
    /// Content that is the same for all targets like it: these sources, this kind and name from `into`.
    struct Shared {
        std::vector<std::uint32_t> sources;
        kube::Kind kind;
        std::string name;
        Copy copy;
    };

    std::vector<Inputs> inputs_of_each_source() const {
        std::vector<Inputs> each;
        for (const kube::ObjectPtr& source : subject_.sources) each.push_back(inputs_with({source}));
        if (each.empty()) each.push_back(inputs_with({}));
        return each;
    }

    Inputs inputs_with(std::vector<kube::ObjectPtr> sources) const {
        Inputs inputs;
        inputs.owner = subject_.owner;
        inputs.sources = std::move(sources);
        return inputs;
    }

    Result<void> read_sources() {
        for (const kube::ObjectPtr& source : subject_.sources) {
            const bool lent = is_lent(*source);
            lent_ = lent_ || lent;
            consents_.push_back(shape_.consent || lent ? TRY(Consent::read(reader_, *source, allow_to)) : Consent());
        }
        if (shape_.copy_kinds.size() > 1 && subject_.sources.size() == 1) {
            source_kind_ = kind_of(*subject_.sources.front());
        }
        return {};
    }

    /// The full kind of a candidate: as `into` says, else the only one there is, else the source's. Empty where only
    /// the evaluation can tell.
    Result<kube::Kind> kind_for(const Candidate& candidate) const {
        const auto& kinds = shape_.copy_kinds;
        const auto known = [&](const kube::Kind& wanted) -> const kube::Kind* {
            const auto found = std::ranges::find_if(kinds, [&](const kube::Kind& kind) {
                return kind.kind == wanted.kind &&
                       (wanted.api_version.empty() || kind.api_version == wanted.api_version);
            });
            return found == kinds.end() ? nullptr : &*found;
        };
        if (!candidate.kind.kind.empty()) {
            if (const kube::Kind* kind = known(candidate.kind)) return *kind;
            std::string all;
            for (const kube::Kind& kind : kinds) all += (all.empty() ? "" : ", ") + kind.kind;
            return fail(fmt::format("'into' names the kind '{}', and the policy's kinds are {}", candidate.kind.kind,
                                    all.empty() ? "none" : all));
        }
        if (kinds.size() == 1) return kinds.front();
        if (source_kind_ && known(*source_kind_)) return *source_kind_;
        return kube::Kind();
    }

    void decide(const Candidate& candidate) {
        if (candidate.refusal) return refuse(candidate, candidate.refusal->reason, candidate.refusal->message);
        if (candidate.namespace_object->terminating()) {
            return refuse(candidate, "NamespaceTerminating",
                          fmt::format("the namespace '{}' is being deleted", candidate.namespace_name));
        }
        if (shape_.consent && !ask_consent(candidate)) return;
        if (lent_ && !ask_lender(candidate)) return;

        auto copy = evaluate(candidate);
        if (!copy) return refuse(candidate, "EvaluationFailed", copy.error().message);
        if (!copy->content || is_source_itself(*copy)) return;
        // Selections of different names can come to the same one.
        if (last_namespace_ != candidate.namespace_name) given_.clear();
        last_namespace_ = candidate.namespace_name;
        if (std::ranges::find(given_, copy->target) != given_.end()) return;
        given_.push_back(copy->target);
        wanted_.copy(std::move(*copy));
    }

    /// Both sides must allow each other; between an object and its own namespace there is no border.
    bool ask_consent(const Candidate& candidate) {
        auto theirs = Consent::read(reader_, *candidate.namespace_object, allow_from);
        if (!theirs) {
            refuse(candidate, "EvaluationFailed", theirs.error().message);
            return false;
        }
        for (std::uint32_t number : candidate.sources) {
            if (number >= subject_.sources.size()) continue;
            const kube::Object& source = *subject_.sources[number];
            const Consent& ours = consents_[number];
            if (source.namespace_name() == candidate.namespace_name) continue;
            const bool allows_to = ours.allows(candidate.namespace_name);
            const bool allows_from = theirs->allows(source.namespace_name());
            if (allows_to && allows_from) continue;
            // Where nobody named the other, nobody waits: with `into` all namespaces, that is most of them.
            const bool awaited =
                candidate.named || ours.names(candidate.namespace_name) || theirs->names(source.namespace_name());
            if (awaited) {
                refuse(candidate, "NoConsent",
                       allows_to
                           ? fmt::format("the namespace '{}' does not allow '{}': its annotation {} must name it",
                                         candidate.namespace_name, source.namespace_name(), allow_from)
                           : fmt::format("the source '{}/{}' does not allow the namespace '{}': its annotation {} must "
                                         "name it",
                                         source.namespace_name(), source.name(), candidate.namespace_name, allow_to));
            }
            return false;
        }
        return true;
    }

    /// A Secret of another namespace than the owner's: who may make owners might not read it.
    bool is_lent(const kube::Object& source) const {
        if (!subject_.owner || subject_.owner->namespace_name().empty()) return false;
        if (source.namespace_name() == subject_.owner->namespace_name()) return false;
        const auto& kinds = shape_.source_kinds;
        const auto is_secret = [](const kube::Kind& kind) { return kind == kube::Kind{"v1", "Secret"}; };
        if (std::ranges::none_of(kinds, is_secret)) return false;
        const auto kind = kinds.size() == 1 ? std::optional(kinds.front()) : kind_of(source);
        return !kind || is_secret(*kind);
    }

    /// It allows who asks, or where the copy goes.
    bool ask_lender(const Candidate& candidate) {
        const auto asker = subject_.owner->namespace_name();
        for (const std::uint32_t number : candidate.sources) {
            if (number >= subject_.sources.size()) continue;
            const kube::Object& source = *subject_.sources[number];
            if (!is_lent(source) || source.namespace_name() == candidate.namespace_name) continue;
            if (consents_[number].allows(asker) || consents_[number].allows(candidate.namespace_name)) continue;
            refuse(
                candidate, "NoConsent",
                fmt::format("the Secret '{}/{}' is of another namespace than who asks for it: its annotation {} must "
                            "name '{}' or '{}'",
                            source.namespace_name(), source.name(), allow_to, asker, candidate.namespace_name));
            return false;
        }
        return true;
    }

    const Shared* shared_with(const Candidate& candidate) const {
        const auto found = std::ranges::find_if(shared_, [&](const Shared& shared) {
            return shared.name == candidate.name && shared.kind == candidate.kind &&
                   shared.sources == candidate.sources;
        });
        return found == shared_.end() ? nullptr : &*found;
    }

    Result<Copy> evaluate(const Candidate& candidate) {
        if (const Shared* shared = shared_with(candidate)) {
            Copy copy = shared->copy;
            copy.target.namespace_name = candidate.namespace_name;
            return copy;
        }
        std::vector<kube::ObjectPtr> sources;
        for (std::uint32_t number : candidate.sources) {
            if (number < subject_.sources.size()) sources.push_back(subject_.sources[number]);
        }
        Inputs inputs = inputs_with(std::move(sources));
        inputs.namespace_object = candidate.namespace_object;
        inputs.target =
            Target{{}, std::string(candidate.namespace_name), TRY(kind_for(candidate)), std::string(candidate.name)};
        if (shape_.has_with) TRY_VOID(find_companions(candidate, inputs));
        Copy copy = TRY(evaluator_.copy(inputs));
        if (copy.reads.same_everywhere()) {
            // A name that `into` gives to one target alone would make this list as long as the targets.
            if (shared_.size() >= most_shared) shared_.clear();
            shared_.push_back({candidate.sources, candidate.kind, std::string(candidate.name), copy});
        }
        return copy;
    }

    Result<void> find_companions(const Candidate& candidate, Inputs& inputs) {
        for (const Companions& companions : TRY(evaluator_.with(inputs))) {
            auto& objects = inputs.with[companions.name];
            for (const kube::Ref& ref : companions.refs) {
                wanted_.depends(std::string(candidate.namespace_name), ref);
                if (kube::ObjectPtr object = view_.find(ref)) objects.push_back(std::move(object));
            }
        }
        return {};
    }

    /// A source is not written over with itself; `join` adds to it, which the plan sees to.
    bool is_source_itself(const Copy& copy) const {
        if (copy.existing == Existing::join) return false;
        return std::ranges::any_of(subject_.sources, [&](const kube::ObjectPtr& source) {
            if (source->name() != copy.target.name || source->namespace_name() != copy.target.namespace_name) {
                return false;
            }
            const auto kind = kind_of(*source);
            if (kind) return same_kind(*kind, copy.target.kind);
            // Its text does not say; better no copy than one over its own source.
            return std::ranges::any_of(shape_.source_kinds,
                                       [&](const auto& one) { return same_kind(one, copy.target.kind); });
        });
    }

    /// Reports the copy that would have been, under the name that its evaluation gives: nothing where there would have
    /// been none either way.
    void refuse(const Candidate& candidate, std::string_view reason, std::string message) {
        Refusal refusal{std::string(candidate.namespace_name), {}, {}, std::string(reason), std::move(message)};
        if (auto kind = kind_for(candidate)) refusal.kind = std::move(*kind);
        refusal.name = candidate.name;
        if (refusal.name.empty() && !subject_.sources.empty()) refusal.name = subject_.sources.front()->name();
        const bool can_evaluate = candidate.namespace_object || shared_with(candidate);
        if (can_evaluate && reason != "EvaluationFailed") {
            if (auto copy = evaluate(candidate)) {
                if (!copy->content || is_source_itself(*copy)) return;
                refusal.kind = std::move(copy->target.kind);
                refusal.name = std::move(copy->target.name);
            }
        }
        wanted_.refused(std::move(refusal));
    }

    static constexpr std::size_t most_shared = 64;

    const Shape& shape_;
    Evaluator& evaluator_;
    const Subject& subject_;
    const View& view_;
    const Bounds& bounds_;
    const Wanted& wanted_;

    kube::Reader reader_;
    std::vector<Consent> consents_;  ///< of the sources, in their order
    bool lent_ = false;              ///< one of them is
    std::optional<kube::Kind> source_kind_;
    std::vector<Shared> shared_;
    std::string_view last_namespace_;
    std::vector<Target> given_;  ///< in last_namespace_
};

}  // namespace

Result<void> want(const Shape& shape, Evaluator& evaluator, const Subject& subject, const View& view,
                  const Bounds& bounds, const Wanted& wanted) {
    return Pass(shape, evaluator, subject, view, bounds, wanted).run(std::nullopt);
}

Result<void> want_in(const Shape& shape, Evaluator& evaluator, const Subject& subject, std::string_view namespace_name,
                     const View& view, const Bounds& bounds, const Wanted& wanted) {
    return Pass(shape, evaluator, subject, view, bounds, wanted).run(namespace_name);
}

}  // namespace moontide::policy
