#include "account.hpp"

#include "shell.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

namespace {

constexpr auto* RBAC = "rbac.authorization.k8s.io/v1";
constexpr auto* ACCOUNT = "engine";

Json object(const std::string& api_version, const std::string& kind, const std::string& name,
            const std::string& namespace_name = {}) {
    Json made = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
    if (!namespace_name.empty()) made["metadata"]["namespace"] = namespace_name;
    return made;
}

Json rules_of(const std::vector<Rule>& rules) {
    Json all = Json::array();
    for (const auto& rule : rules) {
        all.push_back({{"apiGroups", {"", "moontide.test"}}, {"resources", rule.resources}, {"verbs", rule.verbs}});
    }
    return all;
}

Json role_of(const std::string& kind, const std::string& name) {
    return {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", kind}, {"name", name}};
}

}  // namespace

Account::Account(test::World& world) : world_(world) {
    world_.api.create(object("v1", "ServiceAccount", ACCOUNT, world_.sources()));
}

Account::~Account() {
    try {
        for (const auto& name : std::vector(grants_)) withdraw(name);
    } catch (const std::exception& error) {
        WARN("taking rights back: " << error.what());
    }
}

Json Account::subject() const {
    return Json::array({Json{{"kind", "ServiceAccount"}, {"name", ACCOUNT}, {"namespace", world_.sources()}}});
}

std::vector<Rule> Account::all() {
    return {{{"configmaps"}, {"get", "list", "watch", "create", "update", "patch", "delete"}},
            {{"namespaces"}, {"get", "list", "watch"}},
            {{"events"}, {"create", "patch"}}};
}

void Account::grant(const std::string& name, const std::vector<Rule>& rules) {
    auto role = object(RBAC, "ClusterRole", rule_name(name));
    role["rules"] = rules_of(rules);
    world_.api.create(role);
    auto binding = object(RBAC, "ClusterRoleBinding", rule_name(name));
    binding["roleRef"] = role_of("ClusterRole", rule_name(name));
    binding["subjects"] = subject();
    world_.api.create(binding);
    grants_.push_back(name);
}

void Account::withdraw(const std::string& name) {
    world_.api.remove({{RBAC, "ClusterRoleBinding"}, {}, rule_name(name)});
    world_.api.remove({{RBAC, "ClusterRole"}, {}, rule_name(name)});
    std::erase(grants_, name);
}

void Account::grant_in(const std::string& namespace_name, const std::vector<Rule>& rules) {
    auto role = object(RBAC, "Role", rule_name("here"), namespace_name);
    role["rules"] = rules_of(rules);
    world_.api.create(role);
    auto binding = object(RBAC, "RoleBinding", rule_name("here"), namespace_name);
    binding["roleRef"] = role_of("Role", rule_name("here"));
    binding["subjects"] = subject();
    world_.api.create(binding);
}

void Account::withdraw_in(const std::string& namespace_name) {
    world_.api.remove({{RBAC, "RoleBinding"}, namespace_name, rule_name("here")});
    world_.api.remove({{RBAC, "Role"}, namespace_name, rule_name("here")});
}

void Account::await_right(bool is_there, const std::string& verb, const std::string& resource,
                          const std::string& namespace_name) {
    auto review = object("authorization.k8s.io/v1", "SubjectAccessReview", "");
    review["metadata"] = Json::object();
    review["spec"] = {{"user", "system:serviceaccount:" + world_.sources() + ":" + ACCOUNT},
                      {"resourceAttributes", {{"verb", verb}, {"resource", resource}, {"namespace", namespace_name}}}};
    const auto missing = world_.mirror.await(
        [&](const test::Objects&) -> std::string {
            const auto answer = world_.api.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
            return answer.value("/status/allowed"_json_pointer, false) == is_there ? "" : answer.dump();
        },
        Milliseconds(10'000));
    if (!missing.empty()) throw std::runtime_error("rights: " + missing);
}

std::string Account::token(const std::string& name) {
    auto bound = object("v1", "Secret", name, world_.sources());
    bound = world_.api.create(bound);
    const Json request = {
        {"apiVersion", "authentication.k8s.io/v1"},
        {"kind", "TokenRequest"},
        {"spec",
         {{"expirationSeconds", 3'600},
          {"boundObjectRef",
           {{"apiVersion", "v1"}, {"kind", "Secret"}, {"name", name}, {"uid", test::uid_of(bound)}}}}}};
    const auto path = fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token", world_.sources(), ACCOUNT);
    return world_.api.ask("POST", path, request).at("status").at("token").get<std::string>();
}

void Account::revoke(const std::string& name) {
    world_.api.remove(test::secret(world_.sources(), name));
}

void Account::await_refused(const std::string& token) {
    const Json review = {
        {"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", {{"token", token}}}};
    const auto missing = world_.mirror.await(
        [&](const test::Objects&) -> std::string {
            const auto answer = world_.api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
            return answer.value("/status/authenticated"_json_pointer, false) ? "it is still taken" : "";
        },
        Milliseconds(20'000));
    if (!missing.empty()) throw std::runtime_error("token: " + missing);
}

}  // namespace moontide::trouble
