// ConfigMirrors for tests, with the definition of deploy/crds and the policy of policies/config-mirror, and what they
// write to a database.
#pragma once

#include "engine.hpp"
#include "policies.hpp"
#include "postgres/server.hpp"
#include "world.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace moontide::test {

/// Mirrors of one World: they replicate what is labelled `replicate: "true"` among its sources, and are in a namespace
/// of their own with their Secrets. At its end they are gone, finalizers or not.
class Mirrors {
public:
    explicit Mirrors(World& world);
    ~Mirrors();
    Mirrors(const Mirrors&) = delete;
    Mirrors& operator=(const Mirrors&) = delete;

    policy::PolicyPtr policy() const;
    /// Of an engine with that policy and short waits for databases.
    Setup setup() const;
    const std::string& home() const { return home_; }
    kube::Ref ref(const std::string& name) const;

    /// `secret`: the name of one in home(); nothing: `database` is left out.
    Json make(const std::string& name, const std::vector<std::string>& to, const std::optional<std::string>& secret);
    Json change(const std::string& name, const Json& spec);
    void remove(const std::string& name);
    bool has_finalizer(const std::string& name);
    void expect_gone(const std::string& name, Where where = Where::current());
    /// Among the World's sources, with the label.
    Json make_source(const std::string& name, const Json& data);

    /// Makes it, or gives it other keys.
    void put_secret(const std::string& name, const Json& keys);
    void put_secret(const std::string& name, const store::Settings& settings);
    void remove_secret(const std::string& name);

    Json status(const std::string& name);
    Json condition(const std::string& name, const std::string& type);
    /// Waits until DatabaseReady has that status and reason, and gives it back.
    Json await_database(const std::string& name, const std::string& status, const std::string& reason,
                        Where where = Where::current());
    /// Waits until the statement's first value is `wanted`.
    void await_rows(const store::test::Server& server, const store::Settings& settings, const std::string& wanted,
                    Where where = Where::current());
    /// Messages of Events on the mirror with that reason.
    std::vector<std::string> told(const std::string& name, const std::string& reason);

private:
    World& world_;
    std::string home_;
    std::vector<std::string> made_;
};

/// "a={...} b={...}", sorted, of the mirror's sources; "no table" where there is none.
std::string rows_of(const store::test::Server& server, const store::Settings& settings);

}  // namespace moontide::test
