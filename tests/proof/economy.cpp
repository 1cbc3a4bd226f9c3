// Economy: a write only where something differs, none while nothing changes, and no more of them than needed.
#include "checker.hpp"

#include <map>

namespace moontide::proof {

namespace {

bool is_dry(const Asked& asked) {
    return asked.path.find("dryRun=All") != std::string::npos;
}

void check_effects(const Timeline& timeline, const Terms& terms, std::vector<Violation>& violations) {
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        if (!terms.copies.contains(asked.resource) || is_dry(asked)) continue;
        const bool accepted = write.status() >= 200 && write.status() < 300;
        if (!accepted || !write.states.empty()) continue;
        violations.push_back(
            {"economy", asked.verb + " of " + asked.path + " changed nothing", {write.request, write.answer}});
    }
}

/// After a remark "settled" the engine writes again only once somebody else has changed something.
void check_quiet(const Timeline& timeline, const Terms& terms, std::vector<Violation>& violations) {
    const Entry* settled = nullptr;
    std::map<sandbox::RequestId, const Write*> writes;
    std::map<std::uint64_t, const Write*> requests;
    for (const auto& write : timeline.writes()) {
        writes.emplace(write.asked().id, &write);
        requests.emplace(write.request->number, &write);
    }
    for (const auto& entry : timeline.entries()) {
        if (const auto* noted = std::get_if<Noted>(&entry.what); noted && noted->what == "settled") settled = &entry;
        if (const auto* changed = std::get_if<Changed>(&entry.what); changed && !writes.contains(changed->by)) {
            settled = nullptr;
        }
        const auto found = requests.find(entry.number);
        if (!settled || found == requests.end()) continue;
        const auto& asked = found->second->asked();
        if (!terms.copies.contains(asked.resource) || is_dry(asked)) continue;
        if (met_a_foreign_object(timeline, terms, *found->second)) continue;
        violations.push_back({"economy",
                              asked.verb + " of " + asked.path + " although nothing had changed since all was settled",
                              {settled, &entry, found->second->answer}});
    }
}

}  // namespace

std::vector<Violation> check_economy(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    check_effects(timeline, terms, violations);
    check_quiet(timeline, terms, violations);
    std::size_t count = 0;
    for (const auto& write : timeline.writes()) {
        if (!terms.copies.contains(write.asked().resource) || is_dry(write.asked())) continue;
        if (met_a_foreign_object(timeline, terms, write)) continue;
        ++count;
    }
    if (terms.most_writes && count > *terms.most_writes) {
        Violation violation{
            "economy", std::to_string(count) + " writes where " + std::to_string(*terms.most_writes) + " suffice", {}};
        for (const auto& write : timeline.writes()) {
            if (terms.copies.contains(write.asked().resource)) violation.lines.push_back(write.request);
        }
        violations.push_back(std::move(violation));
    }
    return violations;
}

}  // namespace moontide::proof
