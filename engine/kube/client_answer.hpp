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

/// The resources of an APIResourceList, its subresources folded into them. Any thread.
Result<std::vector<Resource>> read_resources(const std::string& api_version, const std::string& body);

}  // namespace moontide::kube
