// A set of fields of an object, as metadata.managedFields writes it down: FieldsV1.
// https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/fieldpath/serialize-pe.go
#pragma once

#include "sandbox/status.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// A tree whose steps are written as FieldsV1 writes them: `f:name` a field, `k:{"name":"x"}` an element of a list by
/// its keys, `v:"x"` one by its value. A value: used by one thread at a time.
class FieldSet {
public:
    /// What FieldsV1 says; steps of a kind that nobody knows are left out.
    static FieldSet read(const Json& fields);
    Json write() const;

    bool empty() const;
    bool operator==(const FieldSet& other) const;

    /// Whether the step itself is in the set, and what of it is.
    bool has(std::string_view step) const;
    const FieldSet& below(std::string_view step) const;
    /// The step belongs to the set if `member`, and so does `below` of it.
    void put(std::string step, bool member, FieldSet below);
    void put(std::string step);
    void put(const std::vector<std::string>& path);

    FieldSet with(const FieldSet& other) const;
    FieldSet common(const FieldSet& other) const;
    FieldSet without(const FieldSet& other) const;
    /// Less what `other` has and all that is below it.
    FieldSet without_trees(const FieldSet& other) const;

    /// The same asked of FieldsV1 as it is written: whether the two have a field in common, and whether this set is
    /// part of it.
    bool meets(const Json& fields) const;
    bool is_within(const Json& fields) const;

    using Visit = std::function<void(const std::string& step, bool member, const FieldSet& below)>;
    void each_step(const Visit& visit) const;
    /// Every path as people read it: `.spec.containers[name="x"].image`; those of one level before those below.
    std::vector<std::string> paths() const;

private:
    struct Node;
    const Node* find(std::string_view step) const;
    void gather(const std::string& prefix, std::vector<std::string>& out) const;

    std::vector<Node> nodes_;  ///< by step; none is without a reason to be there
};

struct FieldSet::Node {
    std::string step;
    bool member = false;
    FieldSet below;
};

/// A step as people read it: `.image`, `[name="x"]`, `[="x"]`.
std::string readable_step(std::string_view step);

}  // namespace moontide::sandbox
