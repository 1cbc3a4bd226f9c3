// Pods for tests, and what a scheduler and a kubelet do to them: where there are no nodes, the test does it.
#pragma once

#include "world.hpp"

#include <string>

namespace moontide::test {

/// In one namespace.
class Pods {
public:
    /// Returns when the namespace admits pods.
    Pods(World& world, std::string home);

    kube::Ref ref(const std::string& name) const;
    /// `more` is merged in.
    Json make(const std::string& name, const Json& labels = Json::object(), const Json& more = Json::object());
    /// Null takes off what has that key.
    void label(const std::string& name, const Json& labels);
    void annotate(const std::string& name, const Json& annotations);
    void bind(const std::string& name, const std::string& node);
    void set_phase(const std::string& name, const std::string& phase);
    /// At once, as where its kubelet has ended it.
    void remove(const std::string& name);

private:
    std::string path(const std::string& name) const;

    World& world_;
    std::string home_;
};

}  // namespace moontide::test
