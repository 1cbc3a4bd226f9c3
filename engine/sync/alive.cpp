#include "sync/alive.hpp"

#include "sync/owner_sources.hpp"

namespace moontide::sync {

namespace {
constexpr Milliseconds ask_again{5'000};
/// What has gone is told by its own watch; where that is late, it is asked for again.
constexpr Milliseconds source_watch_may_be_behind{2'000};
}  // namespace

void Alive::ask(plan::UnitId unit, const plan::TargetKey& target, const plan::Belonging& belonging) {
    if (!asked_.with([&](auto& asked) { return asked.insert(target).second; })) return;
    ++board_.inquiries;
    io_.post([this, unit, target, belonging] { send(unit, target, belonging); });
}

std::optional<kube::Resource> Alive::resource(plan::UnitId unit, const kube::Kind& kind) const {
    const auto known = board_.units.get(unit);
    const auto* running = known ? board_.running(known->policy) : nullptr;
    if (running == nullptr) return std::nullopt;
    for (const auto* feed : running->feeds) {
        if (feed->scope.resource.kind == kind) return feed->scope.resource;
    }
    return board_.owner_sources->resource(kind);
}

void Alive::send(plan::UnitId unit, const plan::TargetKey& target, const plan::Belonging& belonging) {
    const auto end = [this, target] {
        asked_.with([&](auto& asked) { asked.erase(target); });
        --board_.inquiries;
        board_.stirred();
    };
    const queue::Key spot{unit, target.namespace_name};
    const auto found = resource(unit, belonging.kind);
    if (!found || board_.stopping) return end();
    kube::Call call;
    call.path = kube::path(*found, board_.names.text(target.namespace_name), belonging.name);
    call.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    board_.client->send(std::move(call), [this, target, spot, end, uid = belonging.uid](Result<kube::Answer> answer) {
        if (board_.stopping) return;
        kube::Reader reader;
        const auto object =
            answer && answer->ok() ? reader.metadata(answer->body) : Result<kube::Metadata>(fail("it is not there"));
        if (object && object->uid == uid) {
            board_.have.with([&](plan::Have& have) { have.give_up(target); });
            board_.queue.add(spot);
        } else if (object || (answer && answer->status == 404)) {
            board_.queue.add_after(spot, source_watch_may_be_behind, queue::Urgency::change, queue::Delay::planned);
        } else {
            board_.queue.add_after(spot, ask_again, queue::Urgency::change, queue::Delay::planned);
        }
        end();
    });
}

}  // namespace moontide::sync
