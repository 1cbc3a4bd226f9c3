#include "sync/foreigners.hpp"

#include "base/log.hpp"
#include "sync/board.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {
constexpr std::size_t most_of_a_kind = 16;
/// Rights that are granted later are noticed within this time.
constexpr auto denied_for = std::chrono::minutes(10);
}  // namespace

/// The watch of one name. What its callbacks write is of the ingest thread, the rest is guarded by the state's lock.
class Foreigners::Eye final : public watch::Consumer {
public:
    Eye(Foreigners& owner, plan::TargetKey target) : owner_(owner), target_(target) {}

    watch::WatchId id = 0;
    std::set<plan::UnitId> units;
    std::atomic<bool> synced{false};
    std::atomic<bool> well{true};
    std::atomic<bool> seen{true};  ///< by those who wait: it is there

    void relist_begun() override { there_ = false; }
    void listed(std::string_view) override { there_ = true; }
    void relisted(kube::ResourceVersion) override {
        synced = well = true;
        if (there_ != seen) owner_.stir(target_, Milliseconds(0));
    }
    void relist_abandoned() override {}
    void changed(watch::EventType type, std::string_view) override {
        well = true;
        // Another content may be one that can be taken over, but nobody waits for that by the second.
        const auto modified = type == watch::EventType::modified;
        owner_.stir(target_, modified ? owner_.board_.options.refused_again : Milliseconds(0));
    }
    void progressed(kube::ResourceVersion) override { well = true; }
    void interrupted(std::string_view error) override {
        well = false;
        owner_.interrupted(target_, error);
    }

private:
    Foreigners& owner_;
    const plan::TargetKey target_;
    bool there_ = false;
};

Foreigners::Foreigners(Board& board) : board_(board) {}

Foreigners::~Foreigners() = default;

bool Foreigners::await(const plan::TargetKey& target, plan::UnitId unit, bool seen) {
    return state_.with([&](State& state) {
        if (const auto known = state.eyes.find(target); known != state.eyes.end()) {
            known->second->units.insert(unit);
            known->second->seen = seen;
            return known->second->well.load();
        }
        auto& count = state.of_kind[target.kind];
        if (count >= most_of_a_kind || board_.stopping) return false;
        if (const auto denied = state.denied_until.find(target.kind); denied != state.denied_until.end()) {
            if (std::chrono::steady_clock::now() < denied->second) return false;
            state.denied_until.erase(denied);
        }
        watch::Scope scope;
        scope.resource = board_.kinds.resource(target.kind);
        scope.namespace_name = board_.names.text(target.namespace_name);
        scope.field_selector = "metadata.name=" + board_.names.text(target.name);
        scope.metadata_only = true;
        const auto eye = std::make_shared<Eye>(*this, target);
        eye->units.insert(unit);
        eye->seen = seen;
        eye->id = board_.ingest->add(std::move(scope), *eye);
        ++count;
        state.ids.insert(eye->id);
        state.eyes.emplace(target, eye);
        if (!std::exchange(state.sweeping, true)) {
            board_.ingest->after(board_.options.refused_again, [this] { sweep(); });
        }
        return true;
    });
}

bool Foreigners::owns(watch::WatchId id) const {
    return state_.with([&](const State& state) { return state.ids.contains(id); });
}

std::size_t Foreigners::watched() const {
    return state_.with([](const State& state) { return state.eyes.size(); });
}

void Foreigners::stir(const plan::TargetKey& target, Milliseconds delay) {
    state_.with([&](State& state) {
        const auto eye = state.eyes.find(target);
        if (eye == state.eyes.end()) return;
        for (const auto unit : eye->second->units) {
            const queue::Key spot{unit, target.namespace_name};
            if (delay > Milliseconds(0)) {
                board_.queue.add_after(spot, delay, queue::Urgency::idle, queue::Delay::planned);
            } else {
                board_.queue.add(spot);
            }
        }
    });
}

void Foreigners::interrupted(const plan::TargetKey& target, std::string_view why) {
    stir(target, board_.options.refused_again);
    state_.with([&](State& state) {
        const auto eye = state.eyes.find(target);
        if (eye == state.eyes.end() || eye->second->synced) return;  // it comes again by itself
        if (why.starts_with("403")) {
            const auto until = std::chrono::steady_clock::now() + denied_for;
            if (state.denied_until.insert_or_assign(target.kind, until).second) {
                log::warn("objects that are in the way cannot be watched, so they are asked for now and then",
                          {{"kind", board_.kinds.resource(target.kind).kind.kind}, {"message", why}});
            }
        }
        end(state, eye);
    });
}

void Foreigners::end(State& state, std::map<plan::TargetKey, std::shared_ptr<Eye>>::iterator eye) {
    const auto one = eye->second;
    state.ids.erase(one->id);
    --state.of_kind[eye->first.kind];
    state.eyes.erase(eye);
    board_.ingest->remove(one->id, [one] {});  // it lives until nothing calls it any more
}

void Foreigners::sweep() {
    if (board_.stopping) return;
    // In this order, as where the planner holds the one and asks for the other.
    board_.have.with([&](const plan::Have& have) {
        state_.with([&](State& state) {
            for (auto eye = state.eyes.begin(); eye != state.eyes.end();) {
                const auto next = std::next(eye);
                if (!have.troubles().is_refused(eye->first)) end(state, eye);
                eye = next;
            }
            state.sweeping = !state.eyes.empty();
            if (state.sweeping) board_.ingest->after(board_.options.refused_again, [this] { sweep(); });
        });
    });
}

}  // namespace moontide::sync
