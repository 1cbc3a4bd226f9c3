// What a Lease says of who leads.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace moontide::lead {

struct Lease {
    std::string uid;  ///< empty: it is not there yet
    std::string resource_version;
    std::string holder;  ///< empty: nobody
    int duration_seconds = 0;
    int transitions = 0;
    std::string acquired;  ///< RFC 3339 with microseconds
    std::string renewed;
    std::string object;  ///< the whole as it was read: what others put there stays

    static Result<Lease> parse(std::string_view object_json);
    /// Says the same of who leads: neither holder nor time has moved.
    bool same_record(const Lease& other) const;
};

/// The body that makes `next` of what is there: of a POST where nothing is, of a PUT at its version where something is.
std::string body_of(const Lease& there, const Lease& next, std::string_view namespace_name, std::string_view name);

/// Held by `identity` from now on, or on.
Lease held_by(const Lease& there, const std::string& identity, Milliseconds duration, WallTime now);
/// Held by nobody: others need not wait.
Lease given_up(const Lease& there, WallTime now);

}  // namespace moontide::lead
