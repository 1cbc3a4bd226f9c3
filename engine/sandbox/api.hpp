// The one request path: route, decode, make the new object, default, validate, admit, compare, store, answer.
#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "sandbox/collector.hpp"
#include "sandbox/definitions.hpp"
#include "sandbox/reads.hpp"
#include "sandbox/request.hpp"
#include "sandbox/reviews.hpp"
#include "sandbox/sandbox.hpp"
#include "sandbox/store.hpp"
#include "sandbox/terminator.hpp"
#include "sandbox/writes.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace moontide::sandbox {

struct ApiOptions {
    std::size_t ring_size = 1U << 15;
    Milliseconds bookmark_every{60'000};
    const Clock* clock = &system_clock();
    std::function<void(const Seen&)> on_request;
};

/// Used by one thread; counts() by any.
class Api {
public:
    explicit Api(ApiOptions options);

    Response handle(const Request& request);
    /// Lets the sandbox's controllers (namespace termination, garbage collection) do what there is to do.
    void settle();

    /// Creates or updates what the YAML documents say. Errors name file and line.
    Result<void> load(const std::string& yaml, const std::string& file);

    Store& store() { return store_; }
    const Tokens& tokens() const { return tokens_; }
    const Kinds& kinds() const { return kinds_; }
    /// Requests answered so far, by "verb resource": "create configmaps".
    std::map<std::string, std::uint64_t> counts() const;

private:
    Response dispatch(const Request& request, Seen& seen);
    Response on_resource(const Request& request, const Query& query, const Route& route, Seen& seen);
    Outcome<Response> get(const Request& request, const Query& query, const Route& route);
    Outcome<Response> list_or_watch(const Request& request, const Query& query, const Route& route);
    Outcome<Response> create(const Request& request, const Query& query, const Route& route);
    Outcome<Response> replace(const Request& request, const Query& query, const Route& route);
    Outcome<Response> patch(const Request& request, const Query& query, const Route& route);
    Outcome<Response> apply(const Request& request, const Query& query, const Route& route,
                            const WriteOptions& options);
    Outcome<Response> scale(const Request& request, const Query& query, const Route& route, const std::string& verb);
    Outcome<Response> log(const Query& query, const Route& route);
    Outcome<Response> evict(const Request& request, const Query& query, const Route& route);
    Outcome<Response> issue_token(const Request& request, const Route& route);
    Outcome<Response> remove(const Request& request, const Query& query, const Route& route);
    Outcome<Response> remove_collection(const Request& request, const Query& query, const Route& route);
    Outcome<Response> show(const Request& request, const Query& query, const KindRow& kind, const Record& record,
                           int status) const;

    ApiOptions options_;
    Kinds kinds_;
    Store store_;
    Writes writes_;
    Terminator terminator_;
    Collector collector_;
    Definitions definitions_;
    Tokens tokens_;
    std::vector<std::string> warnings_;  ///< of the request that is being answered
    Guarded<std::map<std::string, std::uint64_t>> counts_;
};

}  // namespace moontide::sandbox
