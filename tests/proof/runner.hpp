// The engine that a story is told to: in this process, or as `moontide run`.
#pragma once

#include "engine.hpp"
#include "owned.hpp"
#include "sandbox/history.hpp"
#include "world.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moontide::proof {

/// Used by one thread.
class Runner {
public:
    virtual ~Runner() = default;
    virtual void start() = 0;
    /// In order: what was sent is awaited.
    virtual void stop() = 0;
    /// As a kill would end it.
    virtual void crash() = 0;
    /// Waits until nothing is left to do of what the engine has seen; false at the deadline.
    virtual bool settle(Milliseconds deadline) = 0;
    /// It has told of a write that succeeded, or there is no telling.
    virtual bool has_told_of_a_deed() const = 0;
    /// Its pages at this moment, by their paths.
    virtual std::vector<std::pair<std::string, std::string>> pages() const = 0;
    /// What it said, for a failure.
    virtual std::string story() const = 0;
};

/// With the policy of that text, @SOURCES@ in it the World's sources; where it is empty, with the one that is driven by
/// owners, or with annotation-sync for them.
std::unique_ptr<Runner> runner_in_process(test::World& world, const std::string& lua, std::optional<Driven> driven);
/// The same as `moontide run`; ended by SIGKILL at a crash, by SIGTERM else. What it logs becomes remarks "said".
std::unique_ptr<Runner> runner_as_process(test::World& world, std::shared_ptr<sandbox::History> history,
                                          const std::string& lua, std::optional<Driven> driven);

}  // namespace moontide::proof
