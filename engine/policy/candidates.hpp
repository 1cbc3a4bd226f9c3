// Which namespaces an evaluated `into` means: selections matched against the namespaces that there are.
#pragma once

#include "policy/policy.hpp"
#include "policy/want.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace moontide::policy {

/// A place that may get a copy, before anything is evaluated for it. The views live as long as the Into and the
/// namespaces that they come from.
struct Candidate {
    std::string_view namespace_name;
    kube::ObjectPtr namespace_object;    ///< null: absent
    kube::Kind kind;                     ///< as `into` has it; empty where it does not say
    std::string_view name;               ///< the same
    bool named = false;                  ///< by the namespace's own name, so that somebody waits for an answer
    std::vector<std::uint32_t> sources;  ///< which of the subject's want it
    std::optional<Refusal> refusal;      ///< it gets no copy; without kind and name
};

/// What the candidates are found among.
struct Ground {
    Evaluator& evaluator;
    const View& view;
    kube::Reader& reader;  ///< for metadata of namespaces
    const Bounds& bounds;
    std::optional<std::string_view> only;  ///< the one namespace that is asked about
};

/// The candidates of one source: `inputs.sources` has it alone, `number` is its place in the subject. Each (namespace,
/// kind, name) once. A namespace that a pattern or label brings and that is excluded is passed over before a function
/// is asked about it; the own one of the source or owner is not excluded.
std::vector<Candidate> candidates_of(const Ground& ground, const Into& into, const Inputs& inputs, std::uint32_t number,
                                     const Wanted& wanted);

/// Those of several sources as one list in the order of namespaces. Where it is not known whether one of them wants
/// the target, none gets it: the copy that is there would lose that one's part.
std::vector<Candidate> merged(std::vector<std::vector<Candidate>> of_sources);

}  // namespace moontide::policy
