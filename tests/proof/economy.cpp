// Economy: a write only where something differs, none while nothing changes, and no more of them than needed.
#include "checker.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace moontide::proof {

namespace {

bool is_dry(const Asked& asked) {
    return asked.path.find("dryRun=All") != std::string::npos;
}

/// Some answer was another one than the server's, or did not come.
bool was_troubled(const Timeline& timeline) {
    return std::ranges::any_of(timeline.entries(), [](const Entry& entry) {
        const auto* answered = std::get_if<Answered>(&entry.what);
        return answered && (!answered->fault.empty() || !answered->delivered);
    });
}

void check_effects(const Timeline& timeline, const Terms& terms, std::vector<Violation>& violations) {
    // A status names no version: one whose answer was lost is written again.
    const bool statuses_too = terms.has_owners() && !was_troubled(timeline);
    std::map<std::string, unsigned> told_by;  // path of a status -> the run that changed it last
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        const bool is_owners = terms.has_owners() && (asked.resource == terms.owners ||
                                                      (statuses_too && asked.resource == terms.owners + "/status"));
        if ((!terms.copies.contains(asked.resource) && !is_owners) || is_dry(asked)) continue;
        const bool accepted = write.status() >= 200 && write.status() < 300;
        if (accepted && !write.states.empty()) told_by[asked.path] = write.run;
        if (!accepted || !write.states.empty()) continue;
        // What a killed run had sent may come true after the next one has looked.
        const auto told = told_by.find(asked.path);
        if (told != told_by.end() && told->second != write.run) continue;
        violations.push_back(
            {"economy", asked.verb + " of " + asked.path + " changed nothing", {write.request, write.answer}});
    }
}

/// After a remark "settled" the engine writes again only once somebody else has changed something.
void check_quiet(const Timeline& timeline, const Terms& terms, std::vector<Violation>& violations) {
    std::set<sandbox::RequestId> ours;
    for (const auto& write : timeline.writes()) ours.insert(write.asked().id);
    std::vector<const Entry*> settled;
    std::vector<const Entry*> changes;  // by others
    for (const auto& entry : timeline.entries()) {
        const auto* noted = std::get_if<Noted>(&entry.what);
        if (noted && noted->what == "settled") settled.push_back(&entry);
        const auto* changed = std::get_if<Changed>(&entry.what);
        if (changed && !ours.contains(changed->by)) changes.push_back(&entry);
    }
    for (const auto& write : timeline.writes()) {
        const auto& asked = write.asked();
        if (!terms.copies.contains(asked.resource) || is_dry(asked)) continue;
        const auto after = std::ranges::upper_bound(settled, write.request->number, {}, &Entry::number);
        if (after == settled.begin() || met_a_foreign_object(timeline, terms, write)) continue;
        const auto* rest = *std::prev(after);
        const auto cause = std::ranges::upper_bound(changes, rest->number, {}, &Entry::number);
        const bool has_cause = cause != changes.end() && ((*cause)->number < write.request->number ||
                                                          (*cause)->at < write.request->at + terms.lag);
        if (has_cause) continue;
        violations.push_back({"economy",
                              asked.verb + " of " + asked.path + " although nothing had changed since all was settled",
                              {rest, write.request, write.answer}});
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
