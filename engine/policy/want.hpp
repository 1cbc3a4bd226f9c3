// The copies that a policy asks for: one unit at a time, or one namespace of a unit.
#pragma once

#include "policy/policy.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::policy {

/// Where an evaluation finds objects: the engine's caches, or a case's `given`.
class View {
public:
    virtual ~View() = default;
    virtual kube::ObjectPtr namespace_object(std::string_view name) const = 0;
    /// Every namespace, in the order of their names.
    virtual std::shared_ptr<const std::vector<kube::ObjectPtr>> namespaces() const = 0;
    /// An object of `with`; null where it is absent.
    virtual kube::ObjectPtr find(const kube::Ref& ref) const = 0;
};

/// What a unit is evaluated from.
struct Subject {
    kube::ObjectPtr owner;
    std::vector<kube::ObjectPtr> sources;
};

/// Why a namespace that was named or selected gets no copy.
struct Refusal {
    std::string namespace_name;
    kube::Kind kind;
    std::string name;
    std::string reason;  ///< CamelCase: NamespaceNotFound, NamespaceTerminating, NamespaceExcluded, EvaluationFailed,
                         ///< NoConsent
    std::string message;
};

/// Receives what one evaluation of a unit gives, namespace by namespace.
struct Wanted {
    std::function<void(Copy)> copy;
    std::function<void(Refusal)> refused;
    /// An object that an evaluation of `with` asked for, there or not: the copy in that namespace depends on it.
    std::function<void(const std::string& namespace_name, const kube::Ref& ref)> depends;
    std::function<void(std::string)> waiting;
    /// The evaluated `into` of each source, before any namespace is matched with them. May be empty.
    std::function<void(const std::vector<Into>&)> reach = {};
};

struct Bounds {
    /// Never targets of another namespace's content.
    std::set<std::string, std::less<>> excluded_namespaces;
};

/// All copies of a unit. Content that reads neither namespace, target nor `with` is made once. The namespace of a
/// source or owner is no target of its own content under its own name. An error is one of the whole unit (`into`,
/// `from`); one namespace's failure is a Refusal with EvaluationFailed, and the others go on.
Result<void> want(const Shape& shape, Evaluator& evaluator, const Subject& subject, const View& view,
                  const Bounds& bounds, const Wanted& wanted);

/// The same for one namespace alone: what a Spot asks. Costs what that namespace costs.
Result<void> want_in(const Shape& shape, Evaluator& evaluator, const Subject& subject, std::string_view namespace_name,
                     const View& view, const Bounds& bounds, const Wanted& wanted);

}  // namespace moontide::policy
