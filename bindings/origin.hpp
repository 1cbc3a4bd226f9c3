// A policy's literal marks read backwards: from a label or annotation to the source that it names.
#pragma once

#include "bindings/shape.hpp"
#include "kube/object.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <re2/re2.h>

namespace moontide::bindings {

/// Immutable; any thread.
class MarkReader {
public:
    explicit MarkReader(const PolicyShape& shape);

    /// Nothing where a mark is missing or differs, where a text can be read in two ways, or where none of the marks
    /// comes from the source or owner.
    std::optional<policy::Origin> origin(const kube::Metadata& object) const;

private:
    struct Mark {
        std::string key;
        bool is_label = false;
        std::unique_ptr<RE2> first_short;  ///< each placeholder a group, as short as can be
        std::unique_ptr<RE2> first_long;   ///< the same, as long as can be: where they differ, nothing is known
        std::vector<std::string> roots;    ///< what each group is: "source.name"
    };

    void add(const std::string& key, const Value& value, bool is_label, const Json& settings);

    const bool has_owner_;
    std::vector<Mark> marks_;
};

}  // namespace moontide::bindings
