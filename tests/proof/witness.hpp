// What changed at a server, seen through watches of its own, and whose request it was.
#pragma once

#include "base/loop.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"
#include "sandbox/history.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::proof {

/// Used by the loop's thread.
class Witness {
public:
    /// `saw` is told of each version as it is recorded.
    Witness(Loop& loop, kube::Client& client, std::function<void(const std::string& resource, std::uint64_t)> saw);
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    /// Sees that resource too; one that it sees already is fine.
    void follow(const kube::Resource& resource);
    /// Begins with what is there.
    void record(std::shared_ptr<sandbox::History> history);

    /// A request that writes is on its way to the server: changes of its object wait for its answer.
    void sent(const sandbox::Asked& asked);
    void answered(const sandbox::Asked& asked, int status, const std::string& body);

private:
    struct Eye;
    using Place = std::string;  ///< "configmaps/red/a"

    static Place place_of(const sandbox::Asked& asked);
    void look(Eye& eye);
    void listed(Eye& eye, const std::string& body);
    void seen(Eye& eye, std::string_view line);
    void drain(Eye& eye);
    sandbox::RequestId author_of(const sandbox::Changed& changed) const;

    Loop& loop_;
    kube::Client& client_;
    std::function<void(const std::string&, std::uint64_t)> saw_;
    std::shared_ptr<sandbox::History> history_;
    std::vector<std::unique_ptr<Eye>> eyes_;
    std::map<Place, unsigned> under_way_;
    std::map<std::uint64_t, sandbox::RequestId> author_of_version_;
    std::map<Place, sandbox::RequestId> last_delete_;  ///< that was accepted
};

}  // namespace moontide::proof
