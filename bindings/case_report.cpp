#include "bindings/case_report.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

using Lines = std::vector<std::string>;

std::string title_of(const Json& copy) {
    return fmt::format("{} {}/{}", copy.value("kind", "?"), copy.value("namespace", ""), copy.value("name", ""));
}

bool same_place(const Json& one, const Json& other) {
    const auto version = [](const Json& copy) { return copy.value("apiVersion", ""); };
    return title_of(one) == title_of(other) && version(one) == version(other);
}

std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

/// The fields that differ, each at its own path.
void add_differences(const Json& want, const Json& got, const std::string& path, Lines& lines) {
    if (want == got) return;
    if (!want.is_object() || !got.is_object()) {
        lines.push_back(fmt::format("    - {}: {}", path, want.dump()));
        lines.push_back(fmt::format("    + {}: {}", path, got.dump()));
        return;
    }
    std::set<std::string> keys;
    for (const auto& [key, value] : want.items()) keys.insert(key);
    for (const auto& [key, value] : got.items()) keys.insert(key);
    for (const std::string& key : keys) {
        if (!got.contains(key)) {
            lines.push_back(fmt::format("    - {}: {}", join(path, key), want[key].dump()));
        } else if (!want.contains(key)) {
            lines.push_back(fmt::format("    + {}: {}", join(path, key), got[key].dump()));
        } else {
            add_differences(want[key], got[key], join(path, key), lines);
        }
    }
}

void compare_copies(const std::vector<Json>& want, const CaseOutcome& outcome, Lines& lines) {
    std::vector<bool> wanted(outcome.copies.size());
    for (const Json& one : want) {
        const auto found = std::ranges::find_if(outcome.copies, [&](const Json& got) { return same_place(one, got); });
        if (found == outcome.copies.end()) {
            lines.push_back(title_of(one) + " is wanted and not made:");
            for (const auto& [key, value] : one.items()) {
                if (key != "kind" && key != "namespace" && key != "name") {
                    lines.push_back(fmt::format("    - {}: {}", key, value.dump()));
                }
            }
            continue;
        }
        wanted[static_cast<std::size_t>(found - outcome.copies.begin())] = true;
        if (*found == one) continue;
        lines.push_back(title_of(one) + " differs (- wanted, + made):");
        add_differences(one, *found, {}, lines);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i]) continue;
        const Json& got = outcome.copies[i];
        lines.push_back(title_of(got) + " is made and not wanted:");
        for (const auto& [key, value] : got.items()) {
            if (key != "kind" && key != "namespace" && key != "name") {
                lines.push_back(fmt::format("    + {}: {}", key, value.dump()));
            }
        }
    }
}

bool describes(const Json& expected, const policy::Refusal& refusal) {
    const auto is = [&](const char* key, const std::string& value) {
        return !expected.contains(key) || expected[key] == value;
    };
    return is("kind", refusal.kind.kind) && is("namespace", refusal.namespace_name) && is("name", refusal.name) &&
           is("reason", refusal.reason) && refusal.message.find(expected.value("message", "")) != std::string::npos;
}

std::string text_of(const policy::Refusal& refusal) {
    return fmt::format("{} {}/{}: {} ({})", refusal.kind.kind, refusal.namespace_name, refusal.name, refusal.reason,
                       refusal.message);
}

/// Each expectation is met by one refusal, and each refusal is expected.
void compare_refusals(const std::vector<Json>& expected, const CaseOutcome& outcome, Lines& lines) {
    std::vector<policy::Refusal> left = outcome.refusals;
    for (const Json& one : expected) {
        const auto found = std::ranges::find_if(left, [&](const auto& refusal) { return describes(one, refusal); });
        if (found == left.end()) {
            lines.push_back("a refusal is expected and does not come: " + one.dump());
        } else {
            left.erase(found);
        }
    }
    for (const policy::Refusal& refusal : left) lines.push_back("not expected to be refused: " + text_of(refusal));
}

void compare_texts(const char* what, const Lines& expected, const Lines& texts, Lines& lines) {
    for (const std::string& part : expected) {
        const bool there =
            std::ranges::any_of(texts, [&](const std::string& text) { return text.find(part) != std::string::npos; });
        if (there) continue;
        lines.push_back(fmt::format("{} that contains '{}' is expected and does not come{}", what, part,
                                    texts.empty() ? "" : "; there is:"));
        for (const std::string& text : texts) lines.push_back("    + " + text);
    }
}

/// What a status says and the expectation names; a condition's fields by its type.
void compare_status(const Json& expected, const Json& status, const std::string& path, Lines& lines) {
    for (const auto& [name, value] : expected.items()) {
        const std::string place = join(path, name);
        if (!status.contains(name)) {
            lines.push_back(fmt::format("    - {}: {}", place, value.dump()));
            continue;
        }
        const Json& there = status[name];
        if (name != "conditions" || !value.is_array() || !there.is_array()) {
            add_differences(value, there, place, lines);
            continue;
        }
        for (const Json& condition : value) {
            const Json type = condition.is_object() ? condition.value("type", Json()) : Json();
            const auto found = std::ranges::find_if(there, [&](const Json& one) { return one["type"] == type; });
            if (found == there.end()) {
                lines.push_back(fmt::format("    - {}: {}", place, condition.dump()));
            } else {
                compare_status(condition, *found, fmt::format("{}[{}]", place, type.dump()), lines);
            }
        }
    }
}

void compare_statuses(const std::vector<Json>& expected, const CaseOutcome& outcome, Lines& lines) {
    for (Json one : expected) {
        const std::string owner = one.value("owner", "");
        one.erase("owner");
        const auto found = std::ranges::find_if(
            outcome.statuses, [&](const auto& status) { return owner.empty() || status.first == owner; });
        if (found == outcome.statuses.end()) {
            lines.push_back(owner.empty() ? "a status is expected, and there is no owner"
                                          : fmt::format("a status is expected, and there is no owner {}", owner));
            continue;
        }
        Lines differing;
        compare_status(one, found->second, "", differing);
        if (differing.empty()) continue;
        lines.push_back(fmt::format("the status of {} differs (- wanted, + made):", found->first));
        lines.insert(lines.end(), differing.begin(), differing.end());
    }
}

}  // namespace

Lines differences(const Case& one, const CaseOutcome& outcome) {
    Lines lines;
    if (one.error) {
        compare_texts("an error", {*one.error}, outcome.errors, lines);
    } else {
        for (const std::string& error : outcome.errors) lines.push_back("an error: " + error);
    }
    if (one.want) compare_copies(*one.want, outcome, lines);
    if (one.refused) compare_refusals(*one.refused, outcome, lines);
    if (one.waiting) {
        compare_texts("waiting", *one.waiting, outcome.waiting, lines);
        if (one.waiting->empty()) {
            for (const std::string& text : outcome.waiting) lines.push_back("not expected to be waited for: " + text);
        }
    }
    compare_statuses(one.statuses, outcome, lines);
    if (lines.empty()) return lines;
    // What else happened often says why.
    if (!one.refused) {
        for (const policy::Refusal& refusal : outcome.refusals) lines.push_back("refused: " + text_of(refusal));
    }
    if (!one.waiting) {
        for (const std::string& text : outcome.waiting) lines.push_back("waiting: " + text);
    }
    for (const std::string& text : outcome.warnings) lines.push_back("warning: " + text);
    return lines;
}

}  // namespace moontide::bindings
