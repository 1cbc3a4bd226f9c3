// Many requests over the engine's own kind of client: what the bench sets up, and what raw applies are timed with.
#pragma once

#include "base/loop.hpp"
#include "kube/blocking.hpp"
#include "kube/client.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bench {

using Json = nlohmann::json;
using Seconds = std::chrono::duration<double>;

/// PATCH with that object, as server-side apply.
kube::Call applied(const Json& object);
kube::Call merged(const Json& object, const Json& patch);
kube::Call posted(const Json& object);
kube::Call removed(const Json& object);
/// DELETE of all of that object's kind in its namespace.
kube::Call all_removed(const Json& object);

/// A Client on a loop and a thread of its own. One thread calls.
class Sender {
public:
    /// Throws where the server cannot be named.
    explicit Sender(const kube::Access& access);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// Sends all, that many under way at once, and returns when the last answer is in: how long that took. Throws at
    /// the first answer that is none, or no 2xx.
    Seconds send(std::vector<kube::Call> calls, std::size_t at_once = 16);
    /// The answer's body.
    Json ask(kube::Call call);

private:
    struct Errand;
    void next(const std::shared_ptr<Errand>& errand);

    Loop loop_;
    std::unique_ptr<kube::Client> client_;  // of the loop's thread
    std::jthread thread_;
};

}  // namespace moontide::bench
