#include "sandbox/reviews.hpp"

#include "sandbox/base64.hpp"
#include "sandbox/captured.hpp"
#include "sandbox/names.hpp"

#include <chrono>

namespace moontide::sandbox {

namespace {

constexpr auto* AUDIENCE = "https://kubernetes.default.svc";
constexpr std::int64_t SHORTEST = 600;
constexpr std::int64_t USUAL = 3600;

std::int64_t seconds_since_epoch(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Json everything_allowed() {
    return {{"resourceRules", Json::array({{{"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}}})},
            {"nonResourceRules", Json::array({{{"verbs", {"*"}}, {"nonResourceURLs", {"*"}}}})},
            {"incomplete", false}};
}

}  // namespace

bool is_review(const KindRow& kind) {
    return !kind.custom && (kind.kind == "SelfSubjectReview" || kind.kind == "SelfSubjectAccessReview" ||
                            kind.kind == "SelfSubjectRulesReview");
}

Json reviewed(const KindRow& kind, Json object, const User& user, WallTime now) {
    if (!object["metadata"].is_object()) object["metadata"] = Json::object();
    auto& status = object["status"];
    if (kind.kind == "SelfSubjectAccessReview") {
        status = {{"allowed", true}};
    } else if (kind.kind == "SelfSubjectRulesReview") {
        object["spec"] = Json::object();
        status = everything_allowed();
    } else {
        object["metadata"]["creationTimestamp"] = rfc3339(now);
        status = {{"userInfo", {{"username", user.name}, {"groups", user.groups}}}};
        if (user.groups.empty()) status["userInfo"].erase("groups");
        if (!user.extra.empty()) status["userInfo"]["extra"] = user.extra;
    }
    return object;
}

const KindRow& token_request_kind() {
    static const KindRow row = [] {
        KindRow made;
        made.group = "authentication.k8s.io";
        made.version = "v1";
        made.kind = "TokenRequest";
        made.list_kind = "TokenRequestList";
        made.resource = "tokenrequests";
        made.schemas = &captured::openapi("api/v1")->at("components").at("schemas");
        made.schema = &made.schemas->at("io.k8s.api.authentication.v1.TokenRequest");
        return made;
    }();
    return row;
}

Outcome<Json> Tokens::issue(const Record& account, Json request, WallTime now) {
    auto& spec = request["spec"];
    if (!spec.is_object()) spec = Json::object();
    const auto seconds = spec.value("expirationSeconds", USUAL);
    if (seconds < SHORTEST) {
        Complaints complaints;
        complaints.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        return refuse(invalid("TokenRequest", "authentication.k8s.io", "", complaints));
    }
    const auto expires = now + std::chrono::seconds(seconds);
    const auto subject = "system:serviceaccount:" + account.namespace_name + ":" + account.name;
    if (!spec.contains("audiences") || spec["audiences"].empty()) spec["audiences"] = Json::array({AUDIENCE});
    spec["expirationSeconds"] = seconds;
    if (!spec.contains("boundObjectRef")) spec["boundObjectRef"] = nullptr;

    // In the form of a JWT, so that clients can read it; what counts is that it is known here.
    const Json claims = {{"aud", spec["audiences"]},
                         {"exp", seconds_since_epoch(expires)},
                         {"iat", seconds_since_epoch(now)},
                         {"iss", AUDIENCE},
                         {"sub", subject}};
    const auto token = base64_url(Json{{"alg", "none"}, {"typ", "JWT"}}.dump()) + "." + base64_url(claims.dump()) +
                       "." + base64_url(names::uuid() + names::uuid());
    issued_[token] = {
        {subject,
         {"system:serviceaccounts", "system:serviceaccounts:" + account.namespace_name, "system:authenticated"}},
        expires};
    request["metadata"] = {{"name", account.name},
                           {"namespace", account.namespace_name},
                           {"uid", account.uid},
                           {"creationTimestamp", rfc3339(now)}};
    request["status"] = {{"token", token}, {"expirationTimestamp", rfc3339(expires)}};
    return request;
}

std::optional<User> Tokens::owner(const std::string& token, WallTime now) const {
    const auto found = issued_.find(token);
    if (found == issued_.end() || found->second.expires <= now) return std::nullopt;
    return found->second.user;
}

}  // namespace moontide::sandbox
