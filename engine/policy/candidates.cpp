#include "policy/candidates.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace moontide::policy {
namespace {

bool is_exact(const Pattern& pattern) {
    return !pattern.wild;
}

bool needs_metadata(const Selection& selection) {
    return !selection.labels.empty() || !selection.annotations.empty() || selection.selector ||
           !selection.except.empty();
}

bool before(const Candidate& one, const Candidate& other) {
    return std::tie(one.namespace_name, one.kind, one.name) < std::tie(other.namespace_name, other.kind, other.name);
}

bool same_target(const Candidate& one, const Candidate& other) {
    return one.namespace_name == other.namespace_name && one.kind == other.kind && one.name == other.name;
}

void sort(std::vector<Candidate>& candidates) {
    // Namespaces come in order, so that a policy with one selection has nothing to sort.
    if (!std::ranges::is_sorted(candidates, before)) std::ranges::stable_sort(candidates, before);
}

/// Finds the candidates of one source.
class Search {
public:
    Search(const Ground& ground, const Inputs& inputs, std::uint32_t number, const Wanted& wanted)
        : ground_(ground), inputs_(inputs), number_(number), wanted_(wanted) {}

    std::vector<Candidate> take() {
        sort(found_);
        std::vector<Candidate> once;
        once.reserve(found_.size());
        for (Candidate& candidate : found_) {
            if (once.empty() || !same_target(once.back(), candidate)) {
                once.push_back(std::move(candidate));
                continue;
            }
            // One selection is enough, whatever the others say.
            once.back().named = once.back().named || candidate.named;
            if (!candidate.refusal) once.back().refusal.reset();
        }
        return once;
    }

    void add(const std::vector<Selection>& selections) {
        for (const Selection& selection : selections) {
            if (!selection.cluster.empty()) {
                wanted_.waiting(fmt::format("the cluster '{}' is not configured", selection.cluster));
                continue;
            }
            const bool all_named = selection.names && std::ranges::all_of(*selection.names, is_exact);
            if (ground_.only) {
                add_one(selection, *ground_.only);
            } else if (all_named) {
                for (const Pattern& name : *selection.names) add_one(selection, name.text);
            } else {
                add_scanned(selection);
            }
        }
    }

    void add(const std::vector<Target>& targets) {
        for (const Target& target : targets) {
            if (ground_.only && target.namespace_name != *ground_.only) continue;
            Candidate candidate;
            candidate.namespace_name = target.namespace_name;
            candidate.kind = target.kind;
            candidate.name = target.name;
            candidate.named = true;
            if (!target.cluster.empty()) {
                refuse(candidate, "ClusterNotFound", fmt::format("the cluster '{}' is not configured", target.cluster));
            } else if (target.namespace_name.empty()) {
                refuse(candidate, "EvaluationFailed", "a target of 'into' has no namespace");
            } else {
                candidate.namespace_object = ground_.view.namespace_object(target.namespace_name);
                judge(candidate);
            }
            push(std::move(candidate));
        }
    }

private:
    static bool named_by(const Selection& selection, std::string_view name) {
        return selection.names && std::ranges::any_of(*selection.names, [&](const Pattern& pattern) {
                   return is_exact(pattern) && pattern.text == name;
               });
    }

    bool is_own(std::string_view name) const {
        return (inputs_.owner && inputs_.owner->namespace_name() == name) ||
               std::ranges::any_of(inputs_.sources,
                                   [&](const auto& source) { return source->namespace_name() == name; });
    }

    bool is_excluded(std::string_view name) const {
        return ground_.bounds.excluded_namespaces.contains(name) && !is_own(name);
    }

    static void refuse(Candidate& candidate, std::string reason, std::string message) {
        candidate.refusal =
            Refusal{std::string(candidate.namespace_name), {}, {}, std::move(reason), std::move(message)};
    }

    void judge(Candidate& candidate) const {
        if (!candidate.namespace_object) {
            refuse(candidate, "NamespaceNotFound",
                   fmt::format("the namespace '{}' does not exist", candidate.namespace_name));
        } else if (is_excluded(candidate.namespace_name)) {
            refuse(candidate, "NamespaceExcluded",
                   fmt::format("the namespace '{}' is excluded by the configuration", candidate.namespace_name));
        }
    }

    void push(Candidate candidate) {
        candidate.sources.push_back(number_);
        found_.push_back(std::move(candidate));
    }

    Candidate of_selection(const Selection& selection, std::string_view name, bool named) const {
        Candidate candidate;
        candidate.namespace_name = name;
        candidate.kind.kind = selection.copy_kind;
        candidate.name = selection.copy_name;
        candidate.named = named;
        return candidate;
    }

    /// The namespace of that name, if the selection means it.
    void add_one(const Selection& selection, std::string_view name) {
        const bool named = named_by(selection, name);
        kube::ObjectPtr object = ground_.view.namespace_object(name);
        if (!object) {
            if (!named) return;
            Candidate candidate = of_selection(selection, name, named);
            judge(candidate);
            push(std::move(candidate));
            return;
        }
        add_matching(selection, object, named);
    }

    /// All namespaces that match, and the named ones that are not there.
    void add_scanned(const Selection& selection) {
        const auto namespaces = ground_.view.namespaces();
        for (const kube::ObjectPtr& object : *namespaces) {
            add_matching(selection, object, named_by(selection, object->name()));
        }
        if (!selection.names) return;
        for (const Pattern& name : *selection.names) {
            if (is_exact(name) && !ground_.view.namespace_object(name.text)) add_one(selection, name.text);
        }
    }

    void add_matching(const Selection& selection, const kube::ObjectPtr& object, bool named) {
        if (!named && is_excluded(object->name())) return;
        if (!matches(selection, *object)) return;
        Candidate candidate = of_selection(selection, object->name(), named);
        candidate.namespace_object = object;
        judge(candidate);
        if (!candidate.refusal && selection.has_where()) {
            Inputs inputs = inputs_;
            inputs.namespace_object = object;
            const auto holds = ground_.evaluator.where(selection, inputs);
            if (holds && !*holds) return;
            if (!holds) refuse(candidate, "EvaluationFailed", holds.error().message);
        }
        push(std::move(candidate));
    }

    bool matches(const Selection& selection, const kube::Object& object) const {
        kube::Metadata metadata;
        metadata.name = object.name();
        if (!needs_metadata(selection)) return selection.matches(metadata);
        // Most namespaces differ in the name already, where there is a condition on it.
        if (selection.names && std::ranges::none_of(*selection.names, [&](const Pattern& pattern) {
                return pattern.matches(object.name());
            })) {
            return false;
        }
        auto read = ground_.reader.metadata(object.json());
        return read && selection.matches(*read);
    }

    const Ground& ground_;
    const Inputs& inputs_;
    std::uint32_t number_;
    const Wanted& wanted_;
    std::vector<Candidate> found_;
};

}  // namespace

std::vector<Candidate> candidates_of(const Ground& ground, const Into& into, const Inputs& inputs, std::uint32_t number,
                                     const Wanted& wanted) {
    Search search(ground, inputs, number, wanted);
    std::visit([&](const auto& where_to) { search.add(where_to); }, into.where_to);
    return search.take();
}

std::vector<Candidate> merged(std::vector<std::vector<Candidate>> of_sources) {
    if (of_sources.size() == 1) return std::move(of_sources.front());
    std::vector<Candidate> all;
    for (auto& candidates : of_sources) std::ranges::move(candidates, std::back_inserter(all));
    sort(all);
    std::vector<Candidate> once;
    for (Candidate& candidate : all) {
        if (once.empty() || !same_target(once.back(), candidate)) {
            once.push_back(std::move(candidate));
            continue;
        }
        Candidate& kept = once.back();
        kept.named = kept.named || candidate.named;
        const auto unknown = [](const Candidate& one) {
            return one.refusal && one.refusal->reason == "EvaluationFailed";
        };
        if (unknown(kept)) continue;
        if (unknown(candidate) || (kept.refusal && !candidate.refusal)) {
            candidate.named = kept.named;
            kept = std::move(candidate);
        } else if (!candidate.refusal) {
            std::ranges::move(candidate.sources, std::back_inserter(kept.sources));
        }
    }
    return once;
}

}  // namespace moontide::policy
