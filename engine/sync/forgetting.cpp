#include "sync/forgetting.hpp"

#include "sync/decisions.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>
#include <vector>

namespace moontide::sync {

namespace {
/// Names are looked through when there are more than twice as many as last time: what that costs is in proportion to
/// what came in between.
constexpr std::size_t names_that_do_not_matter = 1'024;
}  // namespace

Forgetting::Forgetting(Board& board, Reach& reach, Companions& companions, std::function<bool()> listing)
    : board_(board), reach_(reach), companions_(companions), listing_(std::move(listing)) {}

void Forgetting::begin() {
    sweep_later();
}

void Forgetting::sweep_later() {
    if (board_.stopping) return;
    board_.ingest->after(board_.options.forget_every, [this] {
        sweep();
        sweep_later();
    });
}

void Forgetting::sweep() {
    const auto begins = [](const auto& running) { return running->watching && !running->looked; };
    if (listing_() || std::any_of(board_.policies.begin(), board_.policies.end(), begins)) return;
    sweep_units();
    sweep_names();
}

void Forgetting::sweep_units() {
    auto idle = board_.units.without_source();
    if (idle.empty()) return;
    std::vector<plan::UnitId> forgotten;
    // Under the lock of all that can hold a unit, so that nobody takes hold of it meanwhile.
    board_.have.with([&](plan::Have& have) {
        const auto held = have.units_in_hand();
        const auto now = std::chrono::steady_clock::now();
        std::erase_if(have.rivalries(), [&](const auto& entry) {
            return now - entry.second.last > rivalry_peace && have.record(entry.first) == nullptr;
        });
        for (const auto unit : idle) {
            if (held.contains(unit) || have.count_of(unit) > 0) continue;
            const auto known = board_.units.get(unit);
            const auto* running = known ? board_.running(known->policy) : nullptr;
            if (running != nullptr && running->gate.holds(unit)) continue;
            if (board_.units.forget_untouched(unit)) forgotten.push_back(unit);
        }
    });
    for (const auto unit : forgotten) {
        reach_.forget(unit);
        companions_.forget(unit);
        board_.queue.forget_unit(unit);
    }
}

void Forgetting::sweep_names() {
    if (board_.names.size() <= names_held_ * 2 + names_that_do_not_matter) return;
    std::unordered_set<plan::NameId> held;
    board_.have.with([&](const plan::Have& have) { have.each_name([&](plan::NameId name) { held.insert(name); }); });
    board_.queue.each_key([&](const queue::Key& key) { held.insert(key.spot); });
    companions_.each_namespace([&](plan::NameId name) { held.insert(name); });
    for (const auto& running : board_.policies) {
        for (const auto& [unit, name] : running->gate.drops()) held.insert(name);
    }
    names_held_ = held.size();
    board_.names.forget_untouched(held);
}

}  // namespace moontide::sync
