// Text with placeholders: `{root.path}` in a policy's strings.
#pragma once

#include "base/result.hpp"
#include "policy/documents.hpp"
#include "policy/policy.hpp"
#include "policy/selection.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::policy {

/// What a brace that begins no placeholder is: an error in names, namespaces, labels and selections (strict); text in
/// `data`, `object` and `annotations` (loose), where JSON, Go templates and `${…}` stand, and `{group}` too.
enum class Braces { strict, loose };

/// `{root.path}`, `{root['any text']}`, with `?` (may be missing) or `|text` (a default) before the closing brace.
struct Placeholder {
    Root root = Root::source;
    std::vector<std::string> path;
    bool optional = false;
    std::optional<std::string> fallback;

    /// "source.labels['a/b']", for messages.
    std::string text() const;
};

/// What is awaited: a required placeholder found nothing. `null` counts as nothing.
struct Missing {
    Placeholder placeholder;

    /// "source.labels.team is missing".
    std::string message() const;
};

/// The text is one `{…?}` and found nothing: a field that does not constrain, an entry that is left out.
struct Omitted {};

using Resolved = std::variant<nlohmann::json, Omitted, Missing>;
using ResolvedPatterns = std::variant<std::vector<Pattern>, Omitted, Missing>;

/// A compiled text. Immutable; any thread (each with Documents of its own).
class PlaceholderText {
public:
    /// Errors name what is wrong and suggest; the caller puts file:line and slot in front.
    static Result<PlaceholderText> compile(std::string_view text, Braces braces);

    /// As it was written.
    const std::string& text() const { return text_; }
    /// Without placeholders: text() is the value.
    bool is_literal() const { return placeholders_.empty(); }
    /// One placeholder and nothing else: the value keeps its type.
    bool is_whole() const { return placeholders_.size() == 1 && pieces_.size() == 1; }
    const std::vector<Placeholder>& placeholders() const { return placeholders_; }
    Roots reads() const;

    /// The value where the text is one placeholder, else text. An error where a list or a map stands within text.
    /// What a placeholder brings is never read for placeholders again.
    Result<Resolved> resolve(Documents& documents) const;
    /// The same as texts to compare with: one, or those of a list. Only what is written here is wild.
    Result<ResolvedPatterns> patterns(Documents& documents) const;

private:
    /// Literal text, or the index of a placeholder.
    using Piece = std::variant<std::string, std::size_t>;

    std::string text_;
    std::vector<Piece> pieces_;
    std::vector<Placeholder> placeholders_;
};

/// A string as it is, numbers and booleans as text; an error for everything else.
Result<std::string> text_of(const nlohmann::json& value);

}  // namespace moontide::policy
