#include "sync/owner_status.hpp"

#include "status/recall.hpp"
#include "sync/owner_report.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/statuses.hpp"

#include <algorithm>
#include <tuple>

namespace moontide::sync {

namespace {

using Phase = policy::Report::Phase;

std::optional<kube::Resource> resource_of_owner(const RunningPolicy& running, const kube::Kind& kind) {
    const auto feed =
        std::ranges::find_if(running.feeds, [&](const SourceFeed* one) { return one->scope.resource.kind == kind; });
    if (feed == running.feeds.end()) return std::nullopt;
    return (*feed)->scope.resource;
}

std::int64_t generation_of(const kube::Object& object) {
    const auto json = nlohmann::json::parse(object.json(), nullptr, false);
    if (!json.is_object() || !json.contains("metadata")) return 0;
    return json["metadata"].value("generation", std::int64_t{0});
}

}  // namespace

void OwnerStatus::tell(const Unit& owner, const RunningPolicy& running, bool busy, When when) {
    if (!board_.statuses) return;
    auto& statuses = *board_.statuses;
    const auto object = Evaluation::is_in_feeds(owner.bond.owner, running);
    const auto resource = resource_of_owner(running, owner.bond.owner.kind);
    if (owner.presence != Presence::present || owner.unselected || !object || !resource)
        return statuses.forget(owner.id);
    if (board_.options.may_write && !board_.options.may_write()) return;

    const auto selected = board_.owner_sources->selected(owner.id);
    const bool looked_up = !owner.error.empty() || (selected && !owner.awaits_sources);
    const auto phase = owner.terminating ? Phase::deleting : busy || !looked_up ? Phase::working : Phase::settled;
    const bool settled = phase == Phase::settled;
    const auto due = when == When::now ? Milliseconds(0) : statuses.due_in(owner.id, settled);
    if (due > Milliseconds(0)) {
        const auto delay = settled ? queue::Delay::soon : queue::Delay::planned;
        return board_.queue.add_after({owner.id, settle_spot}, due, queue::Urgency::idle, delay);
    }
    if (when == When::now && !settled) return;

    Shares shares;
    auto report = report_of(
        board_, owner, running,
        running.shape().has_status ? status::Gathering::Lists::filled : status::Gathering::Lists::left_out, shares);
    report.phase = phase;
    // What was worked through; of one that could not be, or ends, what is there.
    report.generation = generation_of(selected && owner.error.empty() ? *selected->owner : *object);
    const auto standing = statuses.standing(owner.id, *object);
    status::Said said;
    if (settled) said = ask(owner, running, object, standing, report);
    statuses.tell(
        owner.id, *resource, *object,
        status::status_of(report, said, standing, running.shape().condition_types, std::chrono::system_clock::now()));
    // How far it is, is told again.
    if (settled) {
        statuses.told_of(owner.id, *object, std::move(shares), said.dated);
    } else {
        board_.queue.add_after({owner.id, settle_spot}, statuses.due_in(owner.id, false), queue::Urgency::idle,
                               queue::Delay::planned);
    }
}

status::Said OwnerStatus::ask(const Unit& owner, const RunningPolicy& running, const kube::ObjectPtr& object,
                              const nlohmann::json& standing, policy::Report& report) {
    status::Said said;
    if (!running.shape().has_status) return said;
    auto& evaluator = evaluation_.evaluator(running);
    policy::Inputs inputs;
    inputs.owner = object;
    if (status::has_forgotten(report)) {
        const auto marked = evaluator.status(inputs, status::with_marks(report));
        status::recall(report, marked ? marked->fields : nlohmann::json(), standing,
                       rfc3339(std::chrono::system_clock::now()));
    }
    remember(owner, report);
    auto fields = evaluator.status(inputs, report);
    if (fields) {
        said.fields = std::move(fields->fields);
        said.dated = fields->dated;
        board_.units.change(owner.id, [](Unit& known) { known.status_error.clear(); });
        return said;
    }
    said.error = fields.error().message;
    said.dated = true;
    const bool is_new = owner.status_error != said.error;
    board_.units.change(owner.id, [&](Unit& known) { known.status_error = said.error; });
    if (is_new) report_.status_error(owner.id, said.error);
    return said;
}

void OwnerStatus::remember(const Unit& owner, const policy::Report& report) {
    if (report.changed && owner.changed != *report.changed)
        board_.units.change(owner.id, [&](Unit& known) { known.changed = *report.changed; });
    for (const auto id : board_.units.of_owner(owner.id)) {
        const auto unit = board_.units.get(id);
        if (!unit || !unit->changed.empty()) continue;
        const auto source = std::ranges::find_if(report.sources, [&](const auto& one) {
            return one.name == unit->bond.source.name && one.namespace_name == unit->bond.source.namespace_name;
        });
        if (source == report.sources.end() || !source->changed) continue;
        board_.units.change(id, [&](Unit& known) { known.changed = *source->changed; });
    }
}

}  // namespace moontide::sync
