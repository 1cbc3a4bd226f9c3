#include "sync/proof.hpp"

#include "base/log.hpp"
#include "kube/client_answer.hpp"
#include "sync/report.hpp"
#include "sync/sources.hpp"

namespace moontide::sync {

namespace {

constexpr Milliseconds prove_again{5'000};
constexpr Milliseconds watch_may_be_behind{500};

std::optional<kube::Resource> resource_of(const RunningPolicy& running, const kube::Kind& kind) {
    for (const auto* feed : running.feeds) {
        if (feed->scope.resource.kind == kind) return feed->scope.resource;
    }
    return std::nullopt;
}

void proven(Board& board, plan::UnitId id) {
    board.units.change(id, [](Unit& unit) {
        if (unit.presence == Presence::present) return;
        unit.presence = Presence::proven;
        ++unit.generation;
    });
    board.queue.add({id, 0});
}

}  // namespace

void prove_gone(Board& board, Loop& io, plan::UnitId id) {
    ++board.inquiries;
    io.post([&board, &io, id] {
        const auto unit = board.units.get(id);
        auto* running = unit ? board.running(unit->policy) : nullptr;
        const auto resource = running != nullptr ? resource_of(*running, unit->bond.source.kind) : std::nullopt;
        if (!resource || board.stopping) {
            --board.inquiries;
            return;
        }
        kube::Call call;
        call.path = kube::path(*resource, unit->bond.source.namespace_name, unit->bond.source.name);
        board.client->send(std::move(call), [&board, &io, id, running, kind = resource->kind,
                                             name = unit->bond.source.name](Result<kube::Answer> answer) {
            --board.inquiries;
            if (board.stopping) return;
            // Where the kind itself has gone, the path is not found either; that says nothing of the object.
            if (answer && kube::says_not_there(*answer, name)) {
                proven(board, id);
            } else if (answer && answer->ok()) {
                kube::Reader reader;
                const auto object = reader.metadata(answer->body);
                if (object && !selects(board, *running, kind, *object)) {
                    proven(board, id);
                } else {
                    board.queue.add_after({id, 0}, watch_may_be_behind);
                }
            } else {
                const auto message = answer ? kube::read_status(*answer).message : answer.error().message;
                log::warn("cannot tell yet whether a source is gone; its copies stay", {{"message", message}});
                ++board.inquiries;
                io.after(prove_again, [&board, &io, id] {
                    --board.inquiries;
                    prove_gone(board, io, id);
                });
            }
            board.stirred();
        });
    });
}

}  // namespace moontide::sync
