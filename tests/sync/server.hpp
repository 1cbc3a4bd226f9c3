// The API server under test: the embedded sandbox, or the one that MOONTIDE_TEST_KUBECONFIG names.
#pragma once

#include "api.hpp"
#include "base/guarded.hpp"
#include "kube/kubeconfig.hpp"
#include "mirror.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace moontide::test {

class Server {
public:
    /// Started by the first test that asks, ended after the last one. Called by the tests' own thread.
    static Server& under_test();

    virtual ~Server() = default;
    virtual bool is_real() const = 0;
    virtual const kube::Access& access() const = 0;
    /// For kubectl.
    virtual const std::string& kubeconfig_file() const = 0;
    /// POST, PUT, PATCH and DELETE requests for ConfigMaps and Secrets that came in so far, whoever sent them: those
    /// that were refused or changed nothing too.
    virtual std::uint64_t writes() = 0;

    Api& api() { return *api_; }
    Mirror& mirror() { return *mirror_; }

    /// One of the namespaces that tests use one after another, made by the first that asks. Any thread.
    std::string shared_namespace(std::size_t number);
    /// At the end of a test: namespaces that no test needs any more.
    virtual void forget(const std::vector<std::string>& /*namespaces*/) {}
    /// Where the server outlives the tests.
    void remove_at_end(const std::string& namespace_name);

protected:
    void connect(const kube::Access& access);
    /// Before the server itself ends.
    void disconnect();
    void remove_namespaces();

private:
    std::unique_ptr<Api> api_;
    std::unique_ptr<Mirror> mirror_;
    Guarded<std::set<std::string>> namespaces_;  ///< that tests made
};

/// The one of this executable: each defines it.
std::unique_ptr<Server> make_server();

}  // namespace moontide::test
