// An embedded, in-memory Kubernetes API server: `moontide sandbox`, the demo, and the tests' cluster.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sandbox/fault_port.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/history.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace moontide::sandbox {

/// One request that was answered.
struct Seen {
    std::string verb;      ///< get, list, watch, create, update, patch, delete, deletecollection
    std::string resource;  ///< with its subresource: "pods/status"; the path where it is of no resource
    std::string namespace_name;
    std::string name;
    int status = 0;
};

struct Options {
    std::string listen = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0 takes a free one
    /// Accepted as "Authorization: Bearer" beside client certificates of the sandbox's own authority; empty for none.
    std::string token;
    std::size_t ring_size = 1U << 15;  ///< events that are kept: watches and lists of older versions answer 410
    Milliseconds bookmark_every{60'000};
    /// Called on the sandbox's thread after each request.
    std::function<void(const Seen&)> on_request;
    FaultPlan faults;
    /// Where requests and what they change are written down; null: nowhere.
    std::shared_ptr<History> history;
};

/// Listens on a thread of its own until it is destroyed. All members may be called by any thread.
class Sandbox {
public:
    static Result<std::unique_ptr<Sandbox>> start(Options options);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    std::uint16_t port() const;
    /// "https://127.0.0.1:34567"
    const std::string& server() const;
    /// Of an administrator, with everything inline.
    const std::string& kubeconfig() const;

    /// Creates or updates what the YAML documents say. Errors name file and line.
    Result<void> load(const std::string& yaml, const std::string& file);

    /// Requests answered so far, by "verb resource": {"create configmaps", 3}.
    std::map<std::string, std::uint64_t> counts() const;
    /// Forgets all events: watches that are behind, and lists of older versions, answer 410.
    void compact();
    /// Ends all watches, as a restarting server does; clients connect anew.
    void end_watches();
    /// From now on these faults, in place of the ones before. `told` is called on the sandbox's thread.
    void inject(FaultPlan plan, std::function<void(const Fired&)> told = {});
    /// No more faults: what one holds is cut off.
    void heal();
    /// What freeze-before and freeze-after hold goes on.
    void release();
    /// Into this history from now on, in place of the one before; it begins with what is there. Null: nowhere.
    void record(std::shared_ptr<History> history);
    /// GOAWAY, then the end. The destructor does it too.
    void stop();

private:
    struct Implementation;
    explicit Sandbox(std::unique_ptr<Implementation> self);
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::sandbox
