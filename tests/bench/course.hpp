// One scene from its beginning to its end, and what was measured on the way.
#pragma once

#include "kube/kubeconfig.hpp"
#include "scenes.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace moontide::bench {

/// The API server that is worked against; one on this machine.
struct Place {
    kube::Access access;
    std::string kubeconfig_file;
    bool is_real = false;
};

/// What one change costs the engine: the median of some.
struct Price {
    std::string what;
    std::size_t copies = 0;   ///< that it touches
    double evaluations = 0;   ///< looks at units and spots of the policy, and at owners
    double requests = 0;      ///< of any verb
    double writes = 0;        ///< of these, POST, PUT, PATCH and DELETE
    double cpu = 0;           ///< milliseconds
    double instructions = 0;  ///< where they are counted
    double last_copy = 0;     ///< milliseconds from the change's answer until the last copy is seen
};

struct Figures {
    std::string scene;
    std::size_t owners = 0;
    std::size_t copies = 0;
    double copied = 0;                       ///< seconds from the engine's start until the last copy stands
    double settled = 0;                      ///< and until each owner's status says Ready
    double raw = 0;                          ///< seconds of as many applies by the bench itself, 16 at once
    std::map<std::string, double> requests;  ///< of the engine until then, by method
    double cpu = 0;                          ///< of the engine until then, milliseconds
    std::size_t resident_kib = 0;
    std::size_t peak_kib = 0;
    double restart = 0;      ///< seconds from the second engine's start until it knows all copies as right
    double restart_cpu = 0;  ///< milliseconds
    double restart_writes = 0;
    double cleaned = 0;  ///< seconds from the owners' deletion until no copy is left
    std::vector<Price> prices;
};

/// Throws where what comes of it is not what the scene says.
Figures measure(const Place& place, const Scene& scene, std::size_t rounds);
/// The prices alone, with their instructions; the times in it are of an engine that is being counted.
Figures count(const Place& place, const Scene& scene, std::size_t rounds);

}  // namespace moontide::bench
