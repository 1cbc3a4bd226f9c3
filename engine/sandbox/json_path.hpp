// JSONPath as CustomResourceDefinitions use it: columns of Tables, fields for selectors, replicas of scales.
// https://kubernetes.io/docs/reference/kubectl/jsonpath/
#pragma once

#include "sandbox/status.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moontide::sandbox {

/// Immutable once read; may be used by any thread.
class JsonPath {
public:
    /// ".spec.ports[0].name", ".metadata.annotations['a/b']", `.status.conditions[?(@.type=="Ready")].status`,
    /// ".spec['configMap','secret']"; nothing where the text is none.
    static std::optional<JsonPath> parse(std::string_view text);

    /// What is there, in the document's order. The values belong to `document`.
    std::vector<const Json*> find(const Json& document) const;
    const Json* first(const Json& document) const;

private:
    struct Field {
        std::vector<std::string> names;  ///< each that is there
    };
    struct Index {
        std::int64_t at = 0;  ///< negative from the end
    };
    struct Every {};
    /// Elements whose own path gives something, or compares so with the value.
    struct Filter {
        std::vector<JsonPath> path;  ///< one
        std::string comparison;      ///< "" for: is there
        Json value;
    };
    using Step = std::variant<Field, Index, Every, Filter>;

    static std::optional<Step> bracket(std::string_view inside);
    static void take(const Step& step, const Json& from, std::vector<const Json*>& found);

    std::vector<Step> steps_;
};

/// As Go's fmt.Print shows it: map[a:1 b:[x y]].
std::string printed(const Json& value);

}  // namespace moontide::sandbox
