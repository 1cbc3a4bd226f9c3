// The policies that are driven by owners, as the proof needs them: their terms, and their owners in one World.
#pragma once

#include "terms.hpp"
#include "world.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moontide::proof {

enum class Driven { configmap_syncer, config_mirror, pod_configmap };

/// Of policies/<name> and the definition in deploy/crds.
struct OwnerPolicy {
    std::string name;
    kube::Resource resource;
    std::string finalizer;
};
const OwnerPolicy& policy_of(Driven driven);

/// Sources are ConfigMaps among `sources`, or pods anywhere; databases are not asked for.
Terms owned_terms(Driven driven, std::string sources, std::string instance);

/// A pod that nothing runs.
Json pod_object(const std::string& namespace_name, const std::string& name, const Json& labels);

/// Owners of one World. At its end they are gone, finalizers or not.
class Owners {
public:
    /// Returns when the API serves the kind.
    Owners(test::World& world, Driven driven);
    ~Owners();
    Owners(const Owners&) = delete;
    Owners& operator=(const Owners&) = delete;

    const OwnerPolicy& policy() const { return policy_; }
    kube::Ref ref(const std::string& namespace_name, const std::string& name) const;
    Json object(const std::string& namespace_name, const std::string& name, const Json& spec) const;
    /// All owners of the World as the server has them now, and its pods where these are sources.
    std::vector<Json> live() const;

private:
    std::vector<Json> list(const std::string& path, const kube::Kind& kind) const;

    test::World& world_;
    Driven driven_;
    const OwnerPolicy& policy_;
};

}  // namespace moontide::proof
