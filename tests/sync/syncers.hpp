// ConfigMapSyncers for tests, with the policy of policies/configmap-syncer. Called by the tests' own thread.
#pragma once

#include "askers.hpp"
#include "engine.hpp"
#include "world.hpp"

#include <string>

namespace moontide::test {

/// A World with a namespace of syncers and one for copies.
struct Syncers {
    World world;
    std::string home = world.make_namespace("ops");
    std::string red = world.make_namespace("red");
    Askers syncers{world, Askers::Kind::configmap_syncer, home};
    Setup setup;

    Syncers();

    /// Of the ConfigMap "app" among the World's sources, with `more`.
    Json spec(const Json& more) const;
    /// Of that, in the namespace.
    kube::Ref copy(const std::string& namespace_name) const { return config_map(namespace_name, "app"); }
    /// Waits until it holds that, with the labels of the syncer.
    void expect(const kube::Ref& ref, const Json& data, const std::string& syncer = "page",
                Where where = Where::current());
    /// Of the syncer's condition Ready.
    std::string message(const std::string& syncer);
};

inline constexpr const char* SYNCER_FINALIZER = "configmapsyncer.config.example.com/finalizer";

}  // namespace moontide::test
