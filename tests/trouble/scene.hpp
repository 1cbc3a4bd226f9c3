// What each of these tests has: a World with many namespaces, annotation-sync as a process, and the promises at its
// end.
#pragma once

#include "audit.hpp"
#include "cluster.hpp"
#include "process.hpp"
#include "terms.hpp"
#include "world.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moontide::trouble {

using test::Where;

/// One thread.
class Scene {
public:
    /// That many namespaces ask for copies; in the first of them stand objects that are somebody else's.
    explicit Scene(std::size_t targets);

    Cluster& cluster = Cluster::under_test();
    test::World world;
    std::vector<std::string> spaces;
    std::vector<Json> sources;
    std::vector<Json> foreign;
    Audit audit;
    proof::Terms terms;
    std::unique_ptr<proof::Process> engine;

    void add_source(const std::string& name);
    void change_source(std::size_t index, const std::string& value);

    /// As the administrator, by a certificate, where no user is given.
    /// Policies are names and Lua texts, @SOURCES@ in them the World's sources, beside annotation-sync.
    void start_engine(const std::string& user_lines = {},
                      std::vector<std::pair<std::string, std::string>> policies = {});
    /// The file that the engine's kubeconfig names as its authority.
    std::filesystem::path authority_file() const;

    void await(const std::string& what, const std::function<std::string()>& complaint, Milliseconds deadline,
               Where where = Where::current());
    /// Until there is what is wanted, and nothing else; then until the engine has nothing left to do.
    void await_rest(Milliseconds deadline, Where where = Where::current());
    void await_log(const std::string& text, Milliseconds deadline, Where where = Where::current());
    /// Until its /readyz says so: each watch has its own time at which it asks again, 30 s apart at most.
    void await_ready(Milliseconds deadline, Where where = Where::current());

    /// Every promise, on the whole history; what is somebody else's is as it was; no memory was lost. The engine ends.
    void check_promises(Where where = Where::current());

    double metric(const std::string& name) const { return engine->metric(name).value_or(0); }
    /// Objects that were there before and are not now.
    std::size_t deletions_of_copies() const;

private:
    void keep_pages();
    std::filesystem::path folder_;
    double memory_at_rest_ = 0;
};

}  // namespace moontide::trouble
