// Server-side apply: an object of which somebody names the fields that he wants, merged into the one that is there.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
#pragma once

#include "base/clock.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <string>
#include <string_view>

namespace moontide::sandbox {

struct Application {
    Json object;  ///< as it was sent
    std::string manager;
    bool force = false;
};

/// The live object (null where there is none) with what is applied and without what this manager applied before and
/// does not name any more. Its metadata says who manages what. Refuses what does not fit the kind's schema (500) and
/// what others manage (409).
Outcome<Json> apply(const KindRow& kind, std::string_view subresource, const Json& live, const Application& application,
                    WallTime now);

}  // namespace moontide::sandbox
