// A selection whose every leaf is known: which objects it means.
#pragma once

#include "kube/object.hpp"
#include "kube/resource.hpp"
#include "kube/selector.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::policy {

/// Text to compare with. Only what stands in the policy itself is wild; what a placeholder or function brought is
/// compared exactly, so that an owner cannot select more than its policy meant.
struct Pattern {
    std::string text;
    bool wild = false;
    /// Where `text` has a `*` or `?` that a placeholder brought into a wild text: it stands for itself. Ascending.
    std::vector<std::size_t> exact = {};

    bool matches(std::string_view value) const;
    bool operator==(const Pattern&) const = default;
};

/// A condition on one label or annotation.
struct KeyRule {
    enum class Presence { there, not_there, any_of };
    std::string key;
    Presence presence = Presence::there;
    std::vector<Pattern> any_of;

    bool operator==(const KeyRule&) const = default;
};

/// All fields must hold. In `into` it selects namespaces: `names` is the Namespace's name (the table's `namespace`).
struct Selection {
    std::vector<kube::Kind> kinds;
    std::string cluster;                             ///< empty: ours
    std::optional<std::vector<Pattern>> namespaces;  ///< any of; nothing: no condition; empty: selects nothing
    std::optional<std::vector<Pattern>> names;
    std::vector<KeyRule> labels;
    std::vector<KeyRule> annotations;
    std::optional<kube::Selector> selector;
    std::optional<int> where;  ///< the policy's function, asked with Evaluator::where
    std::vector<Selection> except;
    std::string copy_kind;  ///< of `into`: what the copy is, where the selection says it
    std::string copy_name;

    /// Everything but the kind and `where` (an exception with a `where` does not count here: see Evaluator::where).
    bool matches(const kube::Metadata& object) const;
    bool has_where() const;

    bool operator==(const Selection&) const = default;
};

}  // namespace moontide::policy
