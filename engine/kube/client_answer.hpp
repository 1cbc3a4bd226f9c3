// What is read out of an answer's headers and body.
#pragma once

#include "base/clock.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace moontide::kube {

/// The Date header (RFC 9110, IMF-fixdate). Any thread.
std::optional<WallTime> date_of(const http2::Headers& headers);

/// A 404 about the object of that name itself: a Status whose details name it. Paths that nothing serves (a kind whose
/// definition has gone, a page of a proxy's own) are not found either, and say nothing of it. Any thread.
bool says_not_there(const Answer& answer, const std::string& name);

/// Whether a discovery document (200 or 404) has that kind, and takes new objects of it: one whose definition is being
/// deleted takes none, and its objects go with it. An error is "unknown". Any thread.
Result<bool> serves(const Answer& discovery, const Kind& kind);

/// The resources of an APIResourceList, its subresources folded into them. Any thread.
Result<std::vector<Resource>> read_resources(const std::string& api_version, const std::string& body);

}  // namespace moontide::kube
