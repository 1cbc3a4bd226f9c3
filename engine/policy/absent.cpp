#include "policy/absent.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::policy {

namespace {

bool are_exact(const std::optional<std::vector<Pattern>>& patterns) {
    return patterns && std::ranges::none_of(*patterns, &Pattern::wild);
}

/// Nothing but where it is.
bool only_names(const Selection& selection) {
    return selection.labels.empty() && selection.annotations.empty() && !selection.selector && !selection.has_where() &&
           selection.except.empty();
}

std::string kinds_text(const std::vector<kube::Kind>& kinds) {
    std::string text;
    for (const auto& kind : kinds) text += (text.empty() ? "" : " or ") + kind.kind;
    return text;
}

}  // namespace

std::vector<std::string> absent(const std::vector<Selection>& selections,
                                const std::function<bool(const kube::Ref&)>& is_selected) {
    std::vector<std::string> texts;
    for (const auto& selection : selections) {
        if (!are_exact(selection.names) || !are_exact(selection.namespaces)) continue;
        for (const auto& namespace_name : *selection.namespaces) {
            for (const auto& name : *selection.names) {
                const bool there = std::ranges::any_of(selection.kinds, [&](const kube::Kind& kind) {
                    return is_selected({kind, namespace_name.text, name.text});
                });
                if (there) continue;
                texts.push_back(
                    fmt::format("{} {}/{} {}", kinds_text(selection.kinds), namespace_name.text, name.text,
                                only_names(selection) ? "does not exist" : "does not exist or is not selected"));
            }
        }
    }
    return texts;
}

}  // namespace moontide::policy
