// The engine under test: started, stopped, killed and asked what it did.
#pragma once

#include "base/guarded.hpp"
#include "sync.hpp"
#include "world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moontide::test {

/// What it starts with. Empty: annotation-sync for the World's sources, as the administrator.
struct Setup {
    std::vector<policy::PolicyPtr> policies = {};
    std::optional<kube::Access> access = {};
    std::string instance = {};                          ///< the World's id where empty
    std::vector<std::string> excluded_namespaces = {};  ///< beside the built-in ones
    bool dry_run = false;
    std::function<void(SyncOptions&)> adjust = {};  ///< the last word
};

/// Runs from its construction on; stopped at its end. Declare it after its World.
class Engine {
public:
    explicit Engine(World& world, Setup setup = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    Setup setup;  ///< a change counts from the next start()

    void start(Where where = Where::current());
    void stop();
    /// As a crash would end it.
    void crash();
    void restart(Where where = Where::current());

    /// Waits until every watch is synced and nothing is left to do of what the engine has seen.
    void settle(Where where = Where::current());
    /// Waits until it has told that a target there is refused: since its construction, or since forget_deeds().
    void expect_refused(const std::string& namespace_name, Where where = Where::current());
    Sync& sync() { return *sync_; }

    /// What /metrics shows.
    std::string page() const { return metrics_->page(); }
    /// Of it a name with its labels, or nothing.
    std::optional<double> metric(const std::string& name) const;
    std::vector<Deed> deeds() const;
    void forget_deeds();
    /// "created ConfigMap a/b", for INFO.
    std::string story() const;
    /// Deeds of that kind in that namespace.
    std::size_t count(Deed::What what, const std::string& namespace_name) const;

private:
    World& world_;
    std::shared_ptr<Guarded<std::vector<Deed>>> deeds_ = std::make_shared<Guarded<std::vector<Deed>>>();
    std::unique_ptr<status::Metrics> metrics_;
    std::unique_ptr<Sync> sync_;
};

/// Proves that what has not happened will not: a change of a source, a new namespace and a deleted copy come true
/// after everything that the test did before, then the engine settles. Sees to annotation-sync only; its new namespace
/// gets a copy of every source, and is given back.
std::string pass_sentinel(World& world, Engine& engine, Where where = Where::current());

}  // namespace moontide::test
