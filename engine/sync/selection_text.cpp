#include "sync/selection_text.hpp"

namespace moontide::sync {

namespace {

void write(const std::vector<policy::Pattern>& patterns, std::string& text) {
    for (const auto& pattern : patterns) {
        // With its size, since what an annotation brought may hold a line feed.
        text += (pattern.wild ? "~" : "=") + std::to_string(pattern.text.size()) + ":" + pattern.text;
        for (const auto place : pattern.exact) text += "," + std::to_string(place);
        text += "\n";
    }
}

void write(const std::vector<policy::KeyRule>& rules, std::string& text) {
    for (const auto& rule : rules) {
        text += rule.key + "\n" + std::to_string(static_cast<int>(rule.presence)) + "\n";
        write(rule.any_of, text);
    }
}

void write(const policy::Selection& selection, std::string& text) {
    text += "(";
    for (const auto& kind : selection.kinds) text += kind.api_version + "/" + kind.kind + "\n";
    if (selection.namespaces) write(*selection.namespaces, text += "namespaces\n");
    if (selection.names) write(*selection.names, text += "names\n");
    write(selection.labels, text += "labels\n");
    write(selection.annotations, text += "annotations\n");
    if (selection.selector) text += "selector\n" + selection.selector->text() + "\n";
    if (selection.where) text += "where\n" + std::to_string(*selection.where) + "\n";
    text += selection.copy_kind + "\n" + selection.copy_name + "\n";
    for (const auto& except : selection.except) write(except, text);
    text += ")";
}

}  // namespace

std::string text_of(const policy::Selection& selection) {
    std::string text;
    write(selection, text);
    return text;
}

}  // namespace moontide::sync
