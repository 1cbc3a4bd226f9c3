// Refusals in the words of the real server: a Status object, and how its message is put together.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::sandbox {

using Json = nlohmann::json;

/// One field that is wrong, as details.causes names it.
struct Cause {
    std::string reason;
    std::string message;
    std::string field;
};

/// An answer that is no success. `details` is null where the real server sends none.
struct Failure {
    int code = 500;
    std::string reason;
    std::string message;
    Json details;
    std::string continue_token;  ///< an expired list may be continued from here, inconsistently

    Json status() const;
};

template <typename T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> refuse(Failure failure) {
    return std::unexpected(std::move(failure));
}

/// Collects what is wrong with an object; the texts are those of apimachinery's field errors.
class Complaints {
public:
    /// `value` is quoted as Go's %q does.
    void invalid(const std::string& field, std::string_view value, const std::string& why);
    void invalid(const std::string& field, std::int64_t value, const std::string& why);
    void required(const std::string& field, const std::string& why = {});
    void forbidden(const std::string& field, const std::string& why);
    void unsupported(const std::string& field, const std::string& shown, const std::vector<std::string>& supported);
    void too_long(const std::string& field, std::size_t most);
    void add(Cause cause) { causes_.push_back(std::move(cause)); }
    void too_many(const std::string& field, std::size_t is, std::size_t most);
    void duplicate(const std::string& field, const Json& value);
    /// Of any value, shown as the real server shows it.
    void invalid_value(const std::string& field, const Json& value, const std::string& why);
    void invalid_type(const std::string& field, const Json& value, const std::string& why);
    void unsupported_value(const std::string& field, const Json& value, const std::vector<std::string>& supported);

    bool empty() const { return causes_.empty(); }
    const std::vector<Cause>& causes() const { return causes_; }
    /// One complaint as it is, several in brackets, each once.
    std::string text() const;

private:
    std::vector<Cause> causes_;
};

/// A value as refusals show it: texts in quotes, numbers as they are, the rest as JSON.
std::string shown_value(const Json& value);
/// "configmaps" in the core group, "leases.coordination.k8s.io" elsewhere.
std::string qualified(std::string_view resource, std::string_view group);
/// Go's %q.
std::string in_quotes(std::string_view text);

Failure bad_request(std::string message);
Failure internal_error(std::string message);
/// Of an object that is not there.
Failure not_found(std::string_view resource, std::string_view group, std::string_view name);
/// Of a path that nothing serves.
Failure no_such_resource();
Failure method_not_allowed();
Failure unsupported_media_type(std::string message);
Failure already_exists(std::string_view resource, std::string_view group, std::string_view name);
Failure conflict(std::string_view resource, std::string_view group, std::string_view name, const std::string& why);
Failure stale(std::string_view resource, std::string_view group, std::string_view name);
Failure forbidden(std::string_view resource, std::string_view group, std::string_view name, const std::string& why);
Failure invalid(std::string_view kind, std::string_view group, std::string_view name, const Complaints& complaints);
/// A patch that cannot be carried out: 422 without a word more.
Failure unprocessable();
Failure unauthorized();
Failure expired(std::string message);
Failure version_too_large(std::uint64_t asked, std::uint64_t current);
Failure body_too_large(std::size_t most);

}  // namespace moontide::sandbox
