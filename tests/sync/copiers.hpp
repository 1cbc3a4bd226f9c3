// Owners for tests: custom resources that ask for copies of ConfigMaps.
#pragma once

#include "policies.hpp"
#include "world.hpp"

#include <string>
#include <vector>

namespace moontide::test {

/// Owners of one World, in its namespace of sources. At its end they are gone, finalizers or not.
class Copiers {
public:
    enum class Status { served, not_served };
    /// `group`: empty for the one that all tests share, whose definition is there at once.
    explicit Copiers(World& world, std::string group = {}, Status status = Status::served);
    ~Copiers();
    Copiers(const Copiers&) = delete;
    Copiers& operator=(const Copiers&) = delete;

    /// Of the group; fine where it is there. Returns when the API serves it.
    void install();
    void uninstall();
    const std::string& group() const { return group_; }
    std::string finalizer() const { return group_ + "/copies"; }

    /// spec: from (a namespace), names, selector, to (namespaces), labels (of namespaces).
    Json make(const std::string& name, const Json& spec, const Json& metadata = Json::object());
    /// Of ConfigMaps among the World's sources.
    Json make_named(const std::string& name, const std::vector<std::string>& names, const std::vector<std::string>& to);
    Json change(const std::string& name, const Json& spec);
    void remove(const std::string& name);
    kube::Ref ref(const std::string& name) const;
    bool has_finalizer(const std::string& name);
    void take_finalizers_off(const std::string& name);
    void expect_gone(const std::string& name, Where where = Where::current());

    /// A policy for them; `slots` goes on behind what it has (owner, from, into, labels), `owners` behind what selects
    /// them: "name = 'a', ".
    policy::PolicyPtr policy(const std::string& slots = "existing = 'marked'", const std::string& name = "copier",
                             const std::string& owners = {}) const;
    policy::PolicyPtr policy_without_finalizer(const std::string& slots = "existing = 'marked'") const;

private:
    policy::PolicyPtr policy_with(const std::string& finalizer, const std::string& slots,
                                  const std::string& name) const;

    World& world_;
    std::string group_;
    std::vector<std::string> made_;
    bool own_group_;
    Status status_;
};

}  // namespace moontide::test
