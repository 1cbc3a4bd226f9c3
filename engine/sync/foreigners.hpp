// Objects of others that stand where a copy belongs: watched by name, so that the copy comes once they are gone.
#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "plan/identity.hpp"
#include "watch/ingest.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string_view>

namespace moontide::sync {

struct Board;

/// A few of each kind have a watch of their own; for the rest, and where such a watch is denied, the planner looks
/// again after `refused_again`. A watch ends with the refusal that it is for. Any thread; must outlive the Ingest.
class Foreigners {
public:
    explicit Foreigners(Board& board);
    ~Foreigners();

    /// The unit was refused that target, in whose place it has `seen` an object, or none that it waits for. True where
    /// a watch tells the end of that, so that no further look need be planned.
    bool await(const plan::TargetKey& target, plan::UnitId unit, bool seen);
    /// Whether that watch is one of these: it is no cache that the engine needs.
    bool owns(watch::WatchId id) const;
    std::size_t watched() const;

private:
    class Eye;
    struct State {
        std::map<plan::TargetKey, std::shared_ptr<Eye>> eyes;
        std::map<plan::KindId, std::size_t> of_kind;
        std::map<plan::KindId, Instant> denied_until;
        std::set<watch::WatchId> ids;
        bool sweeping = false;
    };

    void stir(const plan::TargetKey& target, Milliseconds delay);
    void interrupted(const plan::TargetKey& target, std::string_view why);
    void end(State& state, std::map<plan::TargetKey, std::shared_ptr<Eye>>::iterator eye);
    /// Ends the watches of targets that are refused no longer.
    void sweep();

    Board& board_;
    Guarded<State> state_;
};

}  // namespace moontide::sync
