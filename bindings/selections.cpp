#include "bindings/selections.hpp"

#include "base/nearest.hpp"
#include "kube/selector.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// A selection for which all is known; nothing where every field was left out; or what it waits for.
using Resolved = std::variant<policy::Selection, policy::Omitted, Waiting>;

class Resolver {
public:
    explicit Resolver(Evaluation& evaluation) : evaluation_(evaluation) {}

    Result<Resolved> selection(const SelectionShape& shape) {
        policy::Selection selection;
        selection.kinds = shape.kinds;
        selection.cluster = shape.cluster;
        if (shape.where) selection.where = shape.where->number;
        waiting_.reset();
        constrained_ = shape.where.has_value() || !shape.except.empty();
        TRY_VOID(places(shape.namespaces, selection.namespaces));
        TRY_VOID(places(shape.names, selection.names));
        TRY_VOID(rules(shape.labels, selection.labels));
        TRY_VOID(rules(shape.annotations, selection.annotations));
        TRY_VOID(selector(shape.selector, selection.selector));
        TRY_VOID(word(shape.copy_kind, selection.copy_kind));
        TRY_VOID(word(shape.copy_name, selection.copy_name));
        if (waiting_) return Resolved(std::move(*waiting_));
        for (const SelectionShape& exception : shape.except) {
            Resolver nested(evaluation_);
            Resolved resolved = TRY(nested.selection(exception));
            // An exception that is not known yet must not let anything through.
            if (std::holds_alternative<Waiting>(resolved)) return resolved;
            if (auto* known = std::get_if<policy::Selection>(&resolved)) selection.except.push_back(std::move(*known));
        }
        const bool written = shape.namespaces || shape.names || shape.labels || shape.annotations || shape.selector;
        // Left out whole, a selection selects everything, and so an exception would take everything away.
        const bool is_exception = shape.place.path.find("except") != std::string::npos;
        if (is_exception && written && !constrained_) return Resolved(policy::Omitted());
        return Resolved(std::move(selection));
    }

private:
    void wait(const Waiting& waiting) {
        if (!waiting_) waiting_ = waiting;
    }

    Result<void> places(const std::optional<Value>& value, std::optional<std::vector<policy::Pattern>>& into) {
        if (!value) return {};
        Patterns patterns = TRY(evaluation_.patterns(*value));
        if (const auto* waiting = std::get_if<Waiting>(&patterns)) wait(*waiting);
        if (auto* found = std::get_if<std::vector<policy::Pattern>>(&patterns)) {
            constrained_ = true;
            into = std::move(*found);
        }
        return {};
    }

    static policy::KeyRule presence(const std::string& key, bool there) {
        using Presence = policy::KeyRule::Presence;
        return {key, there ? Presence::there : Presence::not_there, {}};
    }

    /// A rule from a value that an object or a function brought: compared exactly.
    Result<void> brought_rule(const Value& value, const std::string& key, const Json& rule,
                              std::vector<policy::KeyRule>& into) {
        if (rule.is_boolean()) {
            into.push_back(presence(key, rule.get<bool>()));
            return {};
        }
        policy::KeyRule made{key, policy::KeyRule::Presence::any_of, {}};
        for (const Json& one : rule.is_array() ? rule : Json::array({rule})) {
            auto text = policy::text_of(one);
            if (!text)
                return evaluation_.fail_at(value.place, fmt::format("'{}' is no text, list of texts or boolean", key));
            made.any_of.push_back({std::move(*text), false});
        }
        into.push_back(std::move(made));
        return {};
    }

    Result<void> rules(const std::optional<Value>& value, std::vector<policy::KeyRule>& into) {
        if (!value) return {};
        if (const auto* map = value->map()) {
            for (const auto& [key, rule] : *map) {
                if (const auto* there = std::get_if<Json>(&rule.form)) {
                    constrained_ = true;
                    into.push_back(presence(key, there->get<bool>()));
                    continue;
                }
                Patterns patterns = TRY(evaluation_.patterns(rule));
                if (const auto* waiting = std::get_if<Waiting>(&patterns)) wait(*waiting);
                auto* found = std::get_if<std::vector<policy::Pattern>>(&patterns);
                if (!found) continue;
                constrained_ = true;
                into.push_back({key, policy::KeyRule::Presence::any_of, std::move(*found)});
            }
            return {};
        }
        const Outcome outcome = TRY(evaluation_.value(*value));
        if (const auto* waiting = std::get_if<Waiting>(&outcome)) wait(*waiting);
        if (std::holds_alternative<policy::Omitted>(outcome) && value->function()) {
            wait(Waiting{fmt::format("'{}' returned nothing", value->place.path)});
        }
        const auto* map = std::get_if<Json>(&outcome);
        if (!map) return {};
        if (!map->is_object()) return evaluation_.fail_at(value->place, "a map of names and values is expected");
        constrained_ = true;
        for (const auto& [key, rule] : map->items()) TRY_VOID(brought_rule(*value, key, rule, into));
        return {};
    }

    Result<void> selector(const std::optional<Value>& value, std::optional<kube::Selector>& into) {
        if (!value) return {};
        const Outcome outcome = TRY(evaluation_.value(*value));
        if (const auto* waiting = std::get_if<Waiting>(&outcome)) wait(*waiting);
        if (std::holds_alternative<policy::Omitted>(outcome) && value->function()) {
            wait(Waiting{fmt::format("'{}' returned nothing", value->place.path)});
        }
        const auto* json = std::get_if<Json>(&outcome);
        if (!json) return {};
        if (!json->is_string() && !json->is_object()) {
            return evaluation_.fail_at(value->place, "a selector is a text or a LabelSelector");
        }
        auto parsed = json->is_string() ? kube::Selector::parse(std::string_view(json->get_ref<const std::string&>()))
                                        : kube::Selector::parse(*json);
        if (!parsed) return evaluation_.fail_at(value->place, parsed.error().message);
        constrained_ = true;
        into = std::move(*parsed);
        return {};
    }

    /// The copy's kind or name, where the selection says it.
    Result<void> word(const std::optional<Value>& value, std::string& into) {
        if (!value) return {};
        const Outcome outcome = TRY(evaluation_.value(*value));
        if (const auto* waiting = std::get_if<Waiting>(&outcome)) wait(*waiting);
        const auto* json = std::get_if<Json>(&outcome);
        if (!json) return {};
        if (!json->is_string()) return evaluation_.fail_at(value->place, "a text is expected");
        into = json->get<std::string>();
        return {};
    }

    Evaluation& evaluation_;
    std::optional<Waiting> waiting_;
    bool constrained_ = false;
};

/// A text of a map that a function returned; nothing where it is not there.
Result<std::optional<std::string>> text_field(const Json& map, const char* name, const Place& place,
                                              Evaluation& evaluation) {
    const auto found = map.find(name);
    if (found == map.end() || found->is_null()) return std::nullopt;
    if (!found->is_string()) return evaluation.fail_at(place, fmt::format("'{}' must be a text", name));
    return found->get<std::string>();
}

Result<void> check_known(const Json& map, const std::vector<std::string_view>& known, const Place& place,
                         Evaluation& evaluation) {
    if (!map.is_object()) return evaluation.fail_at(place, "a list of tables is expected");
    for (const auto& [name, ignored] : map.items()) {
        if (std::ranges::find(known, name) == known.end()) {
            return evaluation.fail_at(place, fmt::format("unknown field '{}'{}", name, suggestion(name, known)));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<policy::Selection>> resolve(const std::vector<SelectionShape>& shapes, Evaluation& evaluation,
                                               std::vector<std::string>& waiting) {
    std::vector<policy::Selection> selections;
    for (const SelectionShape& shape : shapes) {
        Resolved resolved = TRY(Resolver(evaluation).selection(shape));
        if (auto* selection = std::get_if<policy::Selection>(&resolved)) {
            selections.push_back(std::move(*selection));
        } else if (const auto* awaited = std::get_if<Waiting>(&resolved)) {
            waiting.push_back(awaited->what);
        }
    }
    return selections;
}

Result<std::vector<policy::Target>> targets_of(const Function& function, Evaluation& evaluation) {
    const PolicyShape& shape = evaluation.shape();
    const Place& place = shape.functions[static_cast<std::size_t>(function.number)].place;
    const Json returned = TRY(evaluation.call(function));
    // An empty table is a map where it is not called a list, and means the same here.
    const bool is_empty = returned.is_object() && returned.empty();
    if (!returned.is_array() && !is_empty)
        return evaluation.fail_at(place, "the function must return a list of targets");
    std::vector<policy::Target> targets;
    if (is_empty) return targets;
    for (const Json& one : returned) {
        TRY_VOID(check_known(one, {"cluster", "namespace", "kind", "name"}, place, evaluation));
        policy::Target target;
        target.cluster = TRY(text_field(one, "cluster", place, evaluation)).value_or("");
        target.namespace_name = TRY(text_field(one, "namespace", place, evaluation)).value_or("");
        target.name = TRY(text_field(one, "name", place, evaluation)).value_or("");
        const std::string kind = TRY(text_field(one, "kind", place, evaluation)).value_or("");
        if (target.namespace_name.empty()) return evaluation.fail_at(place, "a target without its 'namespace'");
        if (!target.name.empty() && shape.name) {
            return evaluation.fail_at(place, "the copy's name is in 'into' and in 'name'; it is one or the other");
        }
        if (!kind.empty()) {
            if (shape.has_kind && !shape.kind_is_open) {
                return evaluation.fail_at(
                    place, "the copy's kind is in 'into' and in 'kind'; 'kind' may be a list of those allowed");
            }
            const auto known = std::ranges::find(shape.shape.copy_kinds, kind, &kube::Kind::kind);
            target.kind = known == shape.shape.copy_kinds.end() ? kube::Kind{"", kind} : *known;
        }
        targets.push_back(std::move(target));
    }
    return targets;
}

Result<policy::Companions> companions_of(const CompanionShape& shape, Evaluation& evaluation,
                                         std::string_view home_namespace) {
    policy::Companions companions;
    companions.name = shape.name;
    companions.is_list = shape.list.has_value();
    const std::vector<kube::Kind>& kinds = shape.selection.kinds;
    const auto names_in = [&](const std::optional<Value>& value) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        if (!value) {
            names.emplace_back(home_namespace);
            return names;
        }
        const Patterns patterns = TRY(evaluation.patterns(*value));
        if (const auto* found = std::get_if<std::vector<policy::Pattern>>(&patterns)) {
            for (const policy::Pattern& pattern : *found) {
                if (pattern.wild) return evaluation.fail_at(value->place, "'with' names one object, so no * and ?");
                names.push_back(pattern.text);
            }
        }
        return names;
    };
    if (!shape.list) {
        const auto namespaces = TRY(names_in(shape.selection.namespaces));
        const auto names = TRY(names_in(shape.selection.names));
        for (const kube::Kind& kind : kinds) {
            for (const std::string& namespace_name : namespaces) {
                for (const std::string& name : names) companions.refs.push_back({kind, namespace_name, name});
            }
        }
        return companions;
    }
    const Place& place = shape.list->place;
    const Outcome outcome = TRY(evaluation.value(*shape.list));
    const auto* list = std::get_if<Json>(&outcome);
    if (!list || (list->is_object() && list->empty())) return companions;
    if (!list->is_array()) return evaluation.fail_at(place, "a list of references is expected");
    for (const Json& one : *list) {
        kube::Ref ref;
        if (one.is_string()) {
            ref.name = one.get<std::string>();
        } else {
            if (!one.is_object())
                return evaluation.fail_at(place, "a reference is a name or a map with kind, namespace, name");
            ref.name = TRY(text_field(one, "name", place, evaluation)).value_or("");
            ref.namespace_name = TRY(text_field(one, "namespace", place, evaluation)).value_or("");
        }
        const std::string kind = one.is_object() ? TRY(text_field(one, "kind", place, evaluation)).value_or("") : "";
        if (ref.name.empty()) return evaluation.fail_at(place, "a reference without its 'name'");
        if (ref.namespace_name.empty()) ref.namespace_name = home_namespace;
        const auto known = kind.empty() ? (kinds.size() == 1 ? kinds.begin() : kinds.end())
                                        : std::ranges::find(kinds, kind, &kube::Kind::kind);
        if (known == kinds.end()) {
            return evaluation.fail_at(place, fmt::format("a reference of kind '{}', which '{}' does not list", kind,
                                                         shape.selection.place.path));
        }
        ref.kind = *known;
        companions.refs.push_back(std::move(ref));
    }
    return companions;
}

}  // namespace moontide::bindings
