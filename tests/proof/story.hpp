// What users do while an engine runs, told in acts, so that it can be told again under faults and crashes.
#pragma once

#include "checker.hpp"
#include "engine.hpp"
#include "owned.hpp"
#include "proof_server.hpp"
#include "world.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moontide::proof {

using Objects = std::map<std::string, Json>;

/// What the acts of one telling share: a World, and objects by a name of the story's own.
struct Scene {
    test::World world;
    std::shared_ptr<sandbox::History> history = {};
    Objects objects;
    std::map<std::string, std::string> spaces;  ///< "red" to the server's name
    std::unique_ptr<Owners> owners = {};        ///< null: the policy has none

    void target(const std::string& word) { spaces[word] = world.make_target(word); }
    void opt(const std::string& word, bool in);
    void source(const std::string& name, const Json& data, const Json& more = Json::object());
    void change(const std::string& name, const Json& patch) { objects[name] = world.change(objects.at(name), patch); }
    void remove(const std::string& name) { world.remove(objects.at(name)); }
    /// Waits until the mirror has seen every act so far.
    void catch_up();
    /// Waits until the engine has met that fault.
    void await_fault(const std::string& fault, int status);
    /// By hand.
    void edit_copy(const std::string& word, const std::string& name, const Json& patch);
    void remove_copy(const std::string& word, const std::string& name);
    /// A namespace that asks for nothing by itself.
    void space(const std::string& word) { spaces[word] = world.make_namespace(word); }
    /// A ConfigMap without marks, or a pod, among the sources.
    void give(const std::string& name, const Json& data);
    void run(const std::string& name, const Json& labels);
    /// An owner among the sources, its spec changed, and it deleted.
    void own(const std::string& name, const Json& spec);
    void ask(const std::string& name, const Json& spec);
    void disown(const std::string& name);
    /// Somebody's object in a copy's place.
    void plant(const std::string& word, const std::string& name, const Json& data, const Json& more = Json::object());
};

struct Act {
    enum class Engine { runs, is_down };
    std::function<void(Scene&)> play;
    Engine engine = Engine::runs;
};

struct Story {
    std::string name;
    std::function<void(Scene&)> before;  ///< the engine's first start
    std::vector<Act> acts;
    /// A policy's text, with @SOURCES@ for the World's sources; empty: annotation-sync.
    std::string lua = {};
    /// Empty: annotation-sync's.
    std::function<Terms(const Scene&)> terms = {};
    /// One of the policies with owners instead of annotation-sync.
    std::optional<Driven> driven = {};
};

/// Where the engine is killed at its write number `write` (from 1). From the server's side these are all there are.
enum class Point {
    before,    ///< the request never takes effect
    late,      ///< it takes effect once the next engine runs
    lost,      ///< it has taken effect, the answer never comes
    answered,  ///< the answer has come
};
const char* word(Point point);

struct Crash {
    std::uint64_t write = 1;
    Point point = Point::before;
};

/// One telling of a story, and what came of it.
struct Telling {
    std::shared_ptr<sandbox::History> history;
    Terms terms;
    std::size_t writes = 0;  ///< of copies and of owners' finalizers, by the engine
    bool crashed = false;
    std::string complaint;  ///< the checker's, or what did not come to rest; empty where all is well
};

struct Trial {
    enum class Runs { in_process, as_process };

    FaultPlan faults = {};
    std::optional<Crash> crash = {};
    /// Writes that suffice.
    std::optional<std::size_t> most_writes = {};
    /// In words, for a failure: the command that does it again.
    std::string replay = {};
    Runs runs = Runs::in_process;
    /// A restart at the end must write nothing.
    bool restart_at_end = false;
    /// With faults: how long an act is given before the next one, come to rest or not.
    Milliseconds patience{80};
};

/// Tells the story. Faults last until the acts are over; then all must come to rest.
Telling tell(const Story& story, const Trial& trial = {});

}  // namespace moontide::proof
