// What the server says of itself: discovery, OpenAPI v3, version, health.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
#pragma once

#include "sandbox/request.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moontide::sandbox {

/// The answer where the path is one of these; nothing for paths of resources.
std::optional<Response> describe_server(const Kinds& kinds, const Request& request,
                                        const std::vector<std::string>& segments, const Query& query);

}  // namespace moontide::sandbox
