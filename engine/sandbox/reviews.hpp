// Requests that ask the server about the one who asks: who that is, what they may do, a token for a ServiceAccount.
#pragma once

#include "base/clock.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/request.hpp"
#include "sandbox/store.hpp"

#include <map>
#include <optional>
#include <string>

namespace moontide::sandbox {

/// SelfSubjectReview, SelfSubjectAccessReview, SelfSubjectRulesReview: answered, not stored.
bool is_review(const KindRow& kind);
/// There is no RBAC here: everybody who came in may do everything.
Json reviewed(const KindRow& kind, Json object, const User& user, WallTime now);

/// The kind TokenRequest, which is served nowhere but below a ServiceAccount.
const KindRow& token_request_kind();

/// The tokens that were issued: who brings one is that ServiceAccount. Used by one thread.
class Tokens {
public:
    /// The answer to a TokenRequest.
    Outcome<Json> issue(const Record& account, Json request, WallTime now);
    /// Nobody where the token is not known or has expired.
    std::optional<User> owner(const std::string& token, WallTime now) const;

private:
    struct Issued {
        User user;
        WallTime expires;
    };
    std::map<std::string, Issued, std::less<>> issued_;
};

}  // namespace moontide::sandbox
