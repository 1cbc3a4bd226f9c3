#include "sandbox/roles.hpp"

#include "sandbox/json_at.hpp"

#include <string>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr auto* GROUP = "rbac.authorization.k8s.io";

void check_rules(const Json& rules, bool namespaced, Complaints& complaints) {
    std::size_t index = 0;
    for (const auto& rule : rules) {
        const auto field = fmt::format("rules[{}]", index++);
        if (at(rule, "verbs").empty()) complaints.required(field + ".verbs", "verbs must contain at least one value");
        const bool of_paths = !at(rule, "nonResourceURLs").empty();
        const bool of_resources =
            !at(rule, "apiGroups").empty() || !at(rule, "resources").empty() || !at(rule, "resourceNames").empty();
        if (of_paths && namespaced) {
            complaints.invalid_value(field + ".nonResourceURLs", at(rule, "nonResourceURLs"),
                                     "namespaced rules cannot apply to non-resource URLs");
        }
        if (of_paths && of_resources) {
            complaints.invalid_value(field + ".nonResourceURLs", at(rule, "nonResourceURLs"),
                                     "rules cannot apply to both regular resources and non-resource URLs");
        } else if (!of_paths) {
            if (at(rule, "apiGroups").empty())
                complaints.required(field + ".apiGroups", "resource rules must supply at least one api group");
            if (at(rule, "resources").empty())
                complaints.required(field + ".resources", "resource rules must supply at least one resource");
        }
    }
}

void check_subjects(const Json& subjects, bool namespaced, Complaints& complaints) {
    std::size_t index = 0;
    for (const auto& subject : subjects) {
        const auto field = fmt::format("subjects[{}]", index++);
        const auto kind = text_at(subject, "kind");
        if (text_at(subject, "name").empty()) complaints.required(field + ".name");
        if (kind == "ServiceAccount") {
            if (!namespaced && text_at(subject, "namespace").empty()) complaints.required(field + ".namespace");
        } else if (kind != "User" && kind != "Group") {
            complaints.unsupported(field + ".kind", in_quotes(kind), {"ServiceAccount", "User", "Group"});
        }
    }
}

}  // namespace

void default_role_or_binding(Json& object) {
    if (object.contains("roleRef") && text_at(object["roleRef"], "apiGroup").empty())
        object["roleRef"]["apiGroup"] = GROUP;
    if (!object.contains("subjects")) return;
    for (auto& subject : object["subjects"]) {
        const auto kind = text_at(subject, "kind");
        if ((kind == "User" || kind == "Group") && text_at(subject, "apiGroup").empty()) subject["apiGroup"] = GROUP;
    }
}

void validate_role_or_binding(const KindRow& kind, const Json& object, const Json* old, Complaints& complaints) {
    if (kind.kind == "Role" || kind.kind == "ClusterRole")
        return check_rules(at(object, "rules"), kind.namespaced, complaints);
    const auto& role = at(object, "roleRef");
    const auto role_kind = text_at(role, "kind");
    if (const auto group = text_at(role, "apiGroup"); group != GROUP)
        complaints.unsupported("roleRef.apiGroup", in_quotes(group), {GROUP});
    if (kind.namespaced && role_kind != "Role" && role_kind != "ClusterRole")
        complaints.unsupported("roleRef.kind", in_quotes(role_kind), {"Role", "ClusterRole"});
    if (!kind.namespaced && role_kind != "ClusterRole")
        complaints.unsupported("roleRef.kind", in_quotes(role_kind), {"ClusterRole"});
    if (text_at(role, "name").empty()) complaints.required("roleRef.name");
    check_subjects(at(object, "subjects"), kind.namespaced, complaints);
    if (old && at(*old, "roleRef") != role) {
        const Json shown = {
            {"APIGroup", text_at(role, "apiGroup")}, {"Kind", role_kind}, {"Name", text_at(role, "name")}};
        complaints.invalid_value("roleRef", shown, "cannot change roleRef");
    }
}

}  // namespace moontide::sandbox
