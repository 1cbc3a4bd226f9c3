// Kinds as policies name them and resources as the API serves them.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::kube {

/// `apiVersion` and `kind` as an object carries them: {"apps/v1", "Deployment"}, {"v1", "ConfigMap"}.
struct Kind {
    std::string api_version;
    std::string kind;

    /// The part of apiVersion before the slash; empty for the core group.
    std::string_view group() const;
    std::string_view version() const;

    auto operator<=>(const Kind&) const = default;
};

/// A kind as the server's discovery names it.
struct Resource {
    Kind kind;
    std::string plural;  ///< "configmaps"
    bool namespaced = true;
    bool has_status = false;  ///< serves the status subresource

    auto operator<=>(const Resource&) const = default;
};

/// An object by kind and place; `namespace_name` is empty for cluster-scoped kinds.
struct Ref {
    Kind kind;
    std::string namespace_name;
    std::string name;

    /// "ConfigMap flux-system/shared", for messages.
    std::string text() const;
    auto operator<=>(const Ref&) const = default;
};

/// The path of a collection ("/api/v1/namespaces/a/configmaps"; of all namespaces where `namespace_name` is empty)
/// or, with a name, of one object. Names are percent-encoded where they must be.
std::string path(const Resource& resource, std::string_view namespace_name, std::string_view name = {});

/// What a page of a list asks for (`?limit=`): client-go's.
inline constexpr const char* page_size = "500";

/// Percent-encodes for a query value or a path segment (RFC 3986 unreserved characters stay).
std::string percent_encoded(std::string_view text);

/// The apiVersion of a kind that Kubernetes itself serves ("ConfigMap" -> "v1", "Deployment" -> "apps/v1"), so that
/// a policy need not write it; nothing for kinds of custom resources.
std::optional<std::string> own_api_version(std::string_view kind);

/// The resource of a kind that is known without asking a server: ConfigMap, Secret, Namespace, Event, Lease, Pod.
std::optional<Resource> well_known(const Kind& kind);

}  // namespace moontide::kube
