// A request as the request path sees it, without sockets, and its answer.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::sandbox {

class Watch;

/// Who asks.
struct User {
    std::string name;
    std::vector<std::string> groups;
    std::map<std::string, std::vector<std::string>> extra{};
};

struct Request {
    std::string method = "GET";
    std::string path;  ///< with the query
    std::string content_type;
    std::string accept;
    std::string body;
    std::string user_agent;
    std::string if_none_match;
    User user{};
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::string> warnings;
    std::string etag;
    /// Where there is one, the body is what it gives, piece by piece.
    std::shared_ptr<Watch> watch;
};

Response response_of(const Failure& failure);

/// Parameters of a query, decoded, in the order that they stand in.
class Query {
public:
    Query() = default;
    explicit Query(std::string_view text);

    /// The first value; nothing where the parameter is missing.
    const std::string* find(std::string_view name) const;
    std::string text(std::string_view name) const;
    /// As the real server reads booleans: there, and neither "false" nor "0".
    bool flag(std::string_view name) const;
    std::vector<std::string> all(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> parameters_;
};

/// What a path below /api or /apis names.
struct Route {
    const KindRow* kind = nullptr;
    std::string namespace_name;
    std::string name;
    std::string subresource;
};

/// Splits at '/', decodes; a trailing slash does not count.
std::vector<std::string> path_segments(std::string_view path);
/// Null where the group and version are not served; a Failure where they are but nothing in them has that path.
std::optional<Outcome<Route>> find_route(const Kinds& kinds, const std::vector<std::string>& segments);

enum class FieldValidation { ignore, warn, strict };

/// Parameters of requests that write.
struct WriteOptions {
    std::string manager;  ///< who writes, for managedFields
    bool dry_run = false;
    bool force = false;  ///< take fields from other appliers
    FieldValidation validation = FieldValidation::warn;

    static Outcome<WriteOptions> parse(const Request& request, const Query& query);
};

/// The body of a DELETE.
struct DeleteOptions {
    enum class Propagation { unset, background, foreground, orphan };
    std::optional<std::string> uid;
    std::optional<std::string> resource_version;
    Propagation propagation = Propagation::unset;
    std::optional<std::int64_t> grace_seconds;
    bool dry_run = false;

    static Outcome<DeleteOptions> parse(const Request& request, const Query& query);
};

}  // namespace moontide::sandbox
