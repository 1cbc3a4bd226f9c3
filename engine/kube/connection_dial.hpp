// From a host's name to a stream to it: resolving, several addresses, a proxy.
#pragma once

#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/byte_stream.hpp"
#include "kube/proxy.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace moontide::kube {

/// Tries the addresses of a host (or of the proxy to it) in their order, the next one 250 ms after the last or as soon
/// as it has failed; the first to answer wins (RFC 8305 in small). Names are resolved by the system, on a thread of
/// its own. All calls on the loop's thread.
class Dial {
public:
    using Done = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

    /// `done` is called once, never from within the constructor, and not after the Dial is gone. There is no time
    /// limit in here: dropping it ends it.
    Dial(Loop& loop, std::string host, std::uint16_t port, std::optional<Proxy> proxy, Done done);
    ~Dial();
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;

    /// What it waits for, for messages.
    std::string awaited() const;

private:
    class Implementation;
    std::shared_ptr<Implementation> self_;
};

}  // namespace moontide::kube
