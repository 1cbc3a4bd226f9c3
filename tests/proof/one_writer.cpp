// One writer: changes of one object by two runs of the engine do not interleave. A late create may succeed: it carries
// its claim, and the run that is alive keeps or removes it.
#include "checker.hpp"

#include <map>

namespace moontide::proof {

std::vector<Violation> check_one_writer(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    // In the order of effects, which is not that of requests.
    std::map<std::uint64_t, const Write*> by_effect;
    std::map<std::uint64_t, const State*> effects;
    for (const auto& write : timeline.writes()) {
        for (const auto* state : write.states) {
            by_effect.emplace(state->entry->number, &write);
            effects.emplace(state->entry->number, state);
        }
    }
    std::map<Place, const Write*> newest;
    for (const auto& [number, write] : by_effect) {
        const auto* state = effects.at(number);
        const auto& changed = std::get<Changed>(state->entry->what);
        if (!terms.copies.contains(changed.resource)) continue;
        const Place place{changed.resource, changed.namespace_name, changed.name};
        auto& last = newest[place];
        const bool is_late_create = !state->before;
        if (last && write->run < last->run && !is_late_create) {
            violations.push_back({"one-writer",
                                  place.text() + " was changed by run " + std::to_string(write->run) + " after run " +
                                      std::to_string(last->run),
                                  {last->request, write->request, state->entry}});
        }
        if (!last || write->run > last->run) last = write;
    }
    return violations;
}

}  // namespace moontide::proof
