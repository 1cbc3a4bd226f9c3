// Label selectors and globs: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
#pragma once

#include "base/result.hpp"
#include "kube/object.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace moontide::kube {

/// One condition on a key; all of a Selector's must hold. `not_in` and `absent` hold where the key is missing.
struct Requirement {
    enum class Operator { in, not_in, exists, absent };
    std::string key;
    Operator operation = Operator::exists;
    std::vector<std::string> values;

    bool operator==(const Requirement&) const = default;
};

class Selector {
public:
    Selector() = default;  ///< selects everything
    explicit Selector(std::vector<Requirement> requirements) : requirements_(std::move(requirements)) {}

    /// kubectl's text form: "app=x,env in (a,b),!legacy,tier!=web"; "" is everything.
    static Result<Selector> parse(std::string_view text);
    static Result<Selector> parse(const std::string& text) { return parse(std::string_view(text)); }
    static Result<Selector> parse(const char* text) { return parse(std::string_view(text)); }
    /// A LabelSelector: {"matchLabels": {...}, "matchExpressions": [...]}.
    static Result<Selector> parse(const nlohmann::json& label_selector);

    bool matches(const TextMap& labels) const;
    bool is_everything() const { return requirements_.empty(); }
    const std::vector<Requirement>& requirements() const { return requirements_; }
    /// The text form, as a server's labelSelector parameter takes it.
    std::string text() const;

    bool operator==(const Selector&) const = default;

private:
    std::vector<Requirement> requirements_;
};

/// `*` is any text, `?` one character (UTF-8); everything else is itself. The whole text must match. For one pattern
/// the time is linear in the text, whatever the text is.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace moontide::kube
