// Owners of a built-in policy, for tests, with their definition from deploy/crds.
#pragma once

#include "world.hpp"

#include <string>
#include <vector>

namespace moontide::test {

/// Of one kind in one namespace. At its end they are gone, finalizers or not.
class Askers {
public:
    enum class Kind { configmap_syncer, pod_config_map_config };

    /// Returns when the API serves the kind.
    Askers(World& world, Kind kind, std::string home);
    ~Askers();
    Askers(const Askers&) = delete;
    Askers& operator=(const Askers&) = delete;

    const std::string& home() const { return home_; }
    kube::Ref ref(const std::string& name) const;

    Json make(const std::string& name, const Json& spec, const Json& metadata = Json::object());
    Json change(const std::string& name, const Json& spec);
    void remove(const std::string& name);
    Json finalizers(const std::string& name);
    void expect_gone(const std::string& name, Where where = Where::current());

private:
    World& world_;
    kube::Kind kind_;
    std::string home_;
    std::vector<std::string> made_;
};

}  // namespace moontide::test
