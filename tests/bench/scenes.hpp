// What is set up for each of the three policies with owners, and the changes whose price is asked for.
#pragma once

#include "sender.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace moontide::bench {

/// One change of one thing.
struct Probe {
    std::string what;        ///< "pod", "source", "namespace", "owner"
    std::size_t copies = 0;  ///< that it touches
    std::function<kube::Call(std::size_t round)> change;
};

struct Scene {
    std::string name;
    std::string policy;
    std::string crd;                    ///< file in deploy/crds
    std::string definition;             ///< its name
    std::string owners_path;            ///< the collection of the owners, of all namespaces
    std::vector<Json> namespaces = {};  ///< in the order in which they are made: these, the objects, the owners
    std::vector<Json> objects = {};
    std::vector<Json> owners = {};
    std::size_t copies = 0;
    Json a_copy = {};  ///< as large as a copy is, for raw applies
    std::vector<Probe> probes = {};
};

/// 3 PodConfigMapConfigs, that each match a third of so many pods.
Scene pods(std::size_t pods);
/// So many ConfigMirrors of 20 sources into 20 namespaces, without a database.
Scene mirrors(std::size_t mirrors);
/// So many ConfigMapSyncers of a source each into 5 of 50 namespaces.
Scene syncers(std::size_t syncers);

}  // namespace moontide::bench
