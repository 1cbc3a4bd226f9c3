// Go's text/template for what owners write: parsed once, rendered with JSON values (pkg.go.dev/text/template).
#pragma once

#include "base/result.hpp"
#include "template/budget.hpp"
#include "template/execution.hpp"
#include "template/tree.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace moontide::templates {

/// Immutable: any number of threads may render it at once.
///
/// The language is Go 1.26's: actions, pipelines, variables, if, with, range (lists, maps by key, integers), break,
/// continue, define, template, block, comments, trim markers, and all functions of text/template. Those of sprig and
/// Helm are: default required coalesce ternary quote upper lower trim trimAll trimPrefix trimSuffix replace contains
/// hasPrefix hasSuffix indent nindent split join list dict get hasKey keys sortAlpha b64enc b64dec sha256sum toJson
/// toYaml fromYaml regexMatch regexReplaceAll.
///
/// Values have the types that Kubernetes' own clients give them: a number without a fraction that fits is an int64, any
/// other a float64, null is nil, lists are []interface{}, maps map[string]interface{}. So `eq .replicas 3` holds and
/// `indent .n` does not take one, as in Go. fromYaml gives the same types.
///
/// Other than in Go: no complex numbers; keys are in order; integers within a list or map that a template makes are
/// int64; a list's capacity is its length; %p prints no addresses; errors quote no
/// values, which may be Secrets'; the words of `call` and of what fromYaml cannot read,
/// which merge keys are among; and the budget, whose ends are errors of the same form.
class Template {
public:
    /// Without any values: what does not parse is known before. The error is Go's, `template: NAME:LINE: ...`.
    static Result<Template> parse(std::string name, std::string text);

    /// The error is Go's, `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: ...`. It quotes the template, and of
    /// the values no more than indexes and what is taken for a regular expression. Takes from the budget's steps.
    Result<std::string> render(const nlohmann::json& values, MissingKey missing_key, Budget& budget) const;

    /// The templates that it has, its own among them.
    const Trees& trees() const { return trees_; }

private:
    Template(std::string name, std::string text, Trees trees)
        : name_(std::move(name)), text_(std::move(text)), trees_(std::move(trees)) {}

    std::string name_;
    std::string text_;
    Trees trees_;
};

}  // namespace moontide::templates
