// Scope: a copy is written where some source asks for it, or did until lately; of other kinds nothing is written.
#include "checker.hpp"

namespace moontide::proof {

std::vector<Violation> check_scope(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        if (!terms.copies.contains(asked.resource)) {
            if (terms.may_write.contains(asked.resource)) continue;
            // What of an owner is changed, the finalizer's rule judges.
            const bool is_owners = terms.has_owners() && asked.verb == "patch" &&
                                   (asked.resource == terms.owners || asked.resource == terms.owners + "/status");
            if (is_owners) continue;
            violations.push_back({"scope",
                                  asked.verb + " of " + asked.path + ": the policy writes no " + asked.resource,
                                  {write.request, write.answer}});
            continue;
        }
        for (const auto* state : write.states) {
            // What carries no claim after the write was let go, which may be late; a part may only have changed.
            if (!state->object ||
                !(is_ours(terms, *state->object) || !joined_parts(terms, state->before.get(), *state->object).empty()))
                continue;
            const auto& changed = std::get<Changed>(state->entry->what);
            const Place place{changed.resource, changed.namespace_name, changed.name};
            const auto from = write.request->at - terms.grace;
            if (timeline.wanted_at_some_time(place, from, state->entry->number)) continue;
            violations.push_back({"scope",
                                  place.text() + " was written, and nothing asked for it in the " +
                                      std::to_string(terms.grace.count()) + " ms before",
                                  {write.request, state->entry, write.answer}});
        }
    }
    return violations;
}

}  // namespace moontide::proof
