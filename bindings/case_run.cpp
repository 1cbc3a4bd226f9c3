#include "bindings/case_run.hpp"

#include "bindings/case_status.hpp"
#include "policy/absent.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr std::string_view claim = "moontide.dev/claim";

/// The objects of a case.
class Given final : public policy::View {
public:
    struct Entry {
        kube::Ref ref;
        kube::ObjectPtr object;
    };

    Result<void> add(const Json& manifest) {
        auto object = TRY(kube::Object::read(reader_, manifest.dump()));
        kube::Ref ref{{manifest["apiVersion"], manifest["kind"]},
                      std::string(object->namespace_name()),
                      std::string(object->name())};
        if (!objects_.emplace(ref, object).second) return fail(fmt::format("{} is given twice", ref.text()));
        if (ref.kind.kind == "Namespace" && ref.kind.api_version == "v1") {
            const auto place = std::ranges::lower_bound(*namespaces_, object->name(), {}, &kube::Object::name);
            namespaces_->insert(place, object);
        }
        entries_.push_back({std::move(ref), std::move(object)});
        return {};
    }

    const std::vector<Entry>& entries() const { return entries_; }

    kube::ObjectPtr namespace_object(std::string_view name) const override {
        return find({{"v1", "Namespace"}, {}, std::string(name)});
    }
    std::shared_ptr<const std::vector<kube::ObjectPtr>> namespaces() const override { return namespaces_; }
    kube::ObjectPtr find(const kube::Ref& ref) const override {
        const auto found = objects_.find(ref);
        return found == objects_.end() ? nullptr : found->second;
    }

private:
    kube::Reader reader_;
    std::vector<Entry> entries_;
    std::map<kube::Ref, kube::ObjectPtr> objects_;
    std::shared_ptr<std::vector<kube::ObjectPtr>> namespaces_ = std::make_shared<std::vector<kube::ObjectPtr>>();
};

bool has_all(const policy::Labels& marks, const kube::TextMap& map) {
    return std::ranges::all_of(marks, [&](const auto& mark) {
        const std::string_view* value = kube::find(map, mark.first);
        return value && *value == mark.second;
    });
}

class Run {
public:
    Run(const policy::Policy& policy, const Case& one)
        : policy_(policy),
          shape_(policy.shape()),
          case_(one),
          evaluator_(policy.evaluator()),
          statuses_(shape_, *evaluator_, one.now) {}

    CaseOutcome take() {
        const auto done = evaluate();
        if (!done) outcome_.errors.push_back(done.error().message);
        std::ranges::sort(outcome_.copies, {}, [](const Json& copy) {
            return std::tuple(copy.value("namespace", ""), copy.value("kind", ""), copy.value("name", ""));
        });
        outcome_.statuses = statuses_.take(outcome_.errors);
        return std::move(outcome_);
    }

private:
    void take_error(const Error& error) {
        outcome_.errors.push_back(error.message);
        statuses_.error(error.message);
    }

    Result<void> evaluate() {
        for (const Json& manifest : case_.given) TRY_VOID(given_.add(manifest));
        const policy::Bounds bounds{case_.excluded_namespaces};
        for (const policy::Subject& subject : TRY(subjects())) {
            statuses_.of(subject.owner);
            statuses_.source(subject);
            policy::Wanted wanted;
            wanted.copy = [&](policy::Copy copy) { take_copy(std::move(copy)); };
            wanted.refused = [&](policy::Refusal refusal) { take_refusal(std::move(refusal)); };
            wanted.depends = [](const std::string&, const kube::Ref&) {};
            std::vector<std::string> waiting;
            wanted.waiting = [&](std::string text) {
                waiting.push_back(text);
                outcome_.waiting.push_back(std::move(text));
            };
            // Where another selection says where the copies belong, one that does not is no lack.
            wanted.reach = [&](const std::vector<policy::Into>& intos) {
                const bool nowhere = std::ranges::all_of(intos, [](const policy::Into& into) {
                    return std::visit([](const auto& places) { return places.empty(); }, into.where_to);
                });
                if (!nowhere) return;
                for (const std::string& text : waiting) statuses_.waiting(text);
            };
            const auto done = policy::want(shape_, *evaluator_, subject, given_, bounds, wanted);
            // Other units go on, as they do in a cluster.
            if (!done) take_error(done.error());
        }
        return {};
    }

    /// A copy is never a source, whatever marks it carries.
    bool is_copy(const kube::Metadata& metadata) const {
        return kube::find(metadata.annotations, claim) || policy_.origin(metadata);
    }

    /// Objects that a selection means; `inputs` with each is what `where` sees.
    std::vector<kube::ObjectPtr> selected(const std::vector<policy::Selection>& selections,
                                          const std::vector<kube::Kind>& all_kinds,
                                          const std::function<policy::Inputs(kube::ObjectPtr)>& inputs_of) {
        std::vector<kube::ObjectPtr> found;
        for (const auto& [ref, object] : given_.entries()) {
            const auto read = reader_.metadata(object->json());
            if (!read || is_copy(*read)) continue;
            const kube::Metadata& metadata = *read;
            for (const policy::Selection& selection : selections) {
                const auto& kinds = selection.kinds.empty() ? all_kinds : selection.kinds;
                if (std::ranges::find(kinds, ref.kind) == kinds.end() || !selection.matches(metadata)) continue;
                if (selection.has_where()) {
                    const auto holds = evaluator_->where(selection, inputs_of(object));
                    if (!holds) outcome_.errors.push_back(holds.error().message);
                    if (!holds || !*holds) continue;
                }
                found.push_back(object);
                break;
            }
        }
        // The oldest first, since it holds what others want too.
        std::ranges::stable_sort(found, {}, [](const kube::ObjectPtr& object) {
            return std::pair(object->creation_timestamp(), object->uid());
        });
        return found;
    }

    Result<std::vector<policy::Subject>> subjects() {
        // A policy without sources asks for its copies by itself.
        if (shape_.source_kinds.empty()) return std::vector<policy::Subject>(1);
        std::vector<policy::Subject> subjects;
        if (!shape_.has_owner()) {
            TRY_VOID(add_subjects(nullptr, subjects));
            return subjects;
        }
        const auto owners = selected(TRY(evaluator_->owners()), shape_.owner_kinds, [](kube::ObjectPtr owner) {
            policy::Inputs inputs;
            inputs.owner = std::move(owner);
            return inputs;
        });
        for (const kube::ObjectPtr& owner : owners) {
            if (owner->terminating()) continue;
            // Other owners go on, as they do in a cluster.
            statuses_.of(owner);
            const auto done = add_subjects(owner, subjects);
            if (!done) take_error(done.error());
        }
        return subjects;
    }

    /// The subjects of one owner, or of all sources where each is its own.
    Result<void> add_subjects(const kube::ObjectPtr& owner, std::vector<policy::Subject>& subjects) {
        const auto inputs_of = [&](kube::ObjectPtr source) {
            policy::Inputs inputs;
            inputs.owner = owner;
            inputs.sources = {std::move(source)};
            return inputs;
        };
        std::vector<kube::ObjectPtr> sources{owner};
        if (!shape_.owner_is_source) {
            policy::Inputs asked;
            asked.owner = owner;
            auto from = TRY(evaluator_->from(asked));
            if (from.selections.empty()) {
                for (const std::string& text : from.waiting) statuses_.waiting(text);
            }
            std::ranges::move(from.waiting, std::back_inserter(outcome_.waiting));
            sources = selected(from.selections, shape_.source_kinds, inputs_of);
            if (owner) await_absent(from.selections, sources);
        }
        std::map<std::string, std::size_t> groups;
        for (const kube::ObjectPtr& source : sources) {
            const auto inputs = inputs_of(source);
            std::optional<std::string> group;
            if (shape_.has_group) {
                auto evaluated = evaluator_->group(inputs);
                if (!evaluated) {
                    outcome_.errors.push_back(evaluated.error().message);
                    continue;
                }
                group = std::move(*evaluated);
            }
            if (group) {
                const auto [place, first] = groups.emplace(*group, subjects.size());
                if (!first) {
                    subjects[place->second].sources.push_back(source);
                    continue;
                }
            }
            subjects.push_back({owner, {source}});
        }
        return {};
    }

    /// An owner waits for the sources that it names.
    void await_absent(const std::vector<policy::Selection>& selections, const std::vector<kube::ObjectPtr>& sources) {
        const auto texts = policy::absent(selections, [&](const kube::Ref& ref) {
            return std::ranges::find(sources, given_.find(ref)) != sources.end();
        });
        for (const std::string& text : texts) {
            statuses_.source_missing(text);
            outcome_.waiting.push_back(text);
        }
    }

    void take_refusal(policy::Refusal refusal) {
        if (refusal.reason == "EvaluationFailed") outcome_.errors.push_back(refusal.message);
        statuses_.refused(refusal);
        outcome_.refusals.push_back(std::move(refusal));
    }

    void take_copy(policy::Copy copy) {
        std::ranges::move(copy.warnings, std::back_inserter(outcome_.warnings));
        const policy::Target& target = copy.target;
        if (copy.expires && *copy.expires <= case_.now) return;
        if (!held_.insert(target).second) {
            return refuse(target, "HeldByOther", "is held for another source or policy");
        }
        const kube::ObjectPtr there = given_.find({target.kind, target.namespace_name, target.name});
        if (there && !may_take(copy, *there)) return;
        if (!there && copy.existing == policy::Existing::join) {
            const kube::Ref ref{target.kind, target.namespace_name, target.name};
            outcome_.waiting.push_back(fmt::format("{} does not exist", ref.text()));
            return;
        }
        Json manifest = Json::parse(copy.content->fields.empty() ? "{}" : copy.content->fields);
        manifest["apiVersion"] = target.kind.api_version;
        manifest["kind"] = target.kind.kind;
        manifest["metadata"] = {{"namespace", target.namespace_name},
                                {"name", target.name},
                                {"labels", copy.content->labels},
                                {"annotations", copy.content->annotations}};
        statuses_.copied(target);
        outcome_.copies.push_back(flat_copy(manifest));
    }

    /// Whether an object of that name becomes the copy.
    bool may_take(const policy::Copy& copy, const kube::Object& there) {
        const auto metadata = reader_.metadata(there.json());
        if (!metadata || kube::find(metadata->annotations, claim)) return metadata.has_value();
        const policy::Content& content = *copy.content;
        switch (copy.existing) {
            case policy::Existing::overwrite:
            case policy::Existing::merge:
            case policy::Existing::join:
                return true;
            case policy::Existing::marked:
                if ((!content.mark_labels.empty() || !content.mark_annotations.empty()) &&
                    has_all(content.mark_labels, metadata->labels) &&
                    has_all(content.mark_annotations, metadata->annotations)) {
                    return true;
                }
                break;
            case policy::Existing::adopt: {
                Json fields = Json::parse(there.json());
                for (const char* key : {"apiVersion", "kind", "metadata"}) fields.erase(key);
                if (fields == Json::parse(content.fields.empty() ? "{}" : content.fields)) return true;
                refuse(copy.target, "ContentDiffers", "exists, is not Moontide's, and its content differs");
                return false;
            }
            case policy::Existing::refuse:
                break;
        }
        refuse(copy.target, "AlreadyExists", "exists and is not Moontide's");
        return false;
    }

    void refuse(const policy::Target& target, std::string reason, std::string message) {
        take_refusal({target.namespace_name, target.kind, target.name, std::move(reason), std::move(message)});
    }

    const policy::Policy& policy_;
    const policy::Shape& shape_;
    const Case& case_;
    std::unique_ptr<policy::Evaluator> evaluator_;
    Given given_;
    kube::Reader reader_;
    std::set<policy::Target> held_;
    CaseStatuses statuses_;
    CaseOutcome outcome_;
};

}  // namespace

CaseOutcome run_case(const policy::Policy& policy, const Case& one) {
    return Run(policy, one).take();
}

}  // namespace moontide::bindings
