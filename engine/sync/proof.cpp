#include "sync/proof.hpp"

#include "base/log.hpp"
#include "kube/client_answer.hpp"
#include "sync/owner_sources.hpp"
#include "sync/report.hpp"
#include "sync/sources.hpp"

#include <memory>
#include <utility>

namespace moontide::sync {

namespace {

constexpr Milliseconds prove_again{5'000};
constexpr Milliseconds watch_may_be_behind{500};

/// What is asked for: the owner, where the unit is one, else the source.
const kube::Ref& ref_of(const Unit& unit) {
    return unit.is_owner() ? unit.bond.owner : unit.bond.source;
}

std::optional<kube::Resource> resource_of(const Board& board, const RunningPolicy& running, const Unit& unit) {
    const auto& kind = ref_of(unit).kind;
    for (const auto* feed : running.feeds) {
        if (feed->scope.resource.kind == kind) return feed->scope.resource;
    }
    return unit.owner == 0 ? std::nullopt : board.owner_sources->resource(kind);
}

bool is_meant(const Board& board, const RunningPolicy& running, const Unit& unit, const kube::Metadata& object) {
    if (unit.owner == 0) return selects(board, running, ref_of(unit).kind, object);
    const auto selected = board.owner_sources->selected(unit.owner);
    if (!selected) return true;  // what it selects is not known, so nothing is proven
    return means(selected->from, ref_of(unit).kind, object) && may_be_source(board, running, object);
}

void proven(Board& board, plan::UnitId id) {
    board.units.change(id, [](Unit& unit) {
        if (unit.presence == Presence::present) return;
        unit.presence = Presence::proven;
        ++unit.generation;
    });
    board.queue.add({id, 0});
}

/// One inquiry after a source, from its begin to what it has found out.
class Inquiry : public std::enable_shared_from_this<Inquiry> {
public:
    Inquiry(Board& board, Loop& io, plan::UnitId id, std::string told)
        : board_(board), io_(io), id_(id), told_(std::move(told)) {}
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;
    ~Inquiry() { --board_.inquiries; }

    void begin() {
        unit_ = board_.units.get(id_);
        running_ = unit_ ? board_.running(unit_->policy) : nullptr;
        const auto resource = running_ != nullptr ? resource_of(board_, *running_, *unit_) : std::nullopt;
        if (!resource || board_.stopping) return;
        kube::Call call;
        call.path = kube::path(*resource, ref_of(*unit_).namespace_name, ref_of(*unit_).name);
        ask(std::move(call), &Inquiry::saw_object);
    }

private:
    const kube::Kind& kind() const { return ref_of(*unit_).kind; }

    void ask(kube::Call call, void (Inquiry::*take)(const kube::Answer&)) {
        board_.client->send(std::move(call), [self = shared_from_this(), take](Result<kube::Answer> answer) {
            if (self->board_.stopping) return;
            if (answer) {
                ((*self).*take)(*answer);
            } else {
                self->cannot_tell(answer.error().message);
            }
            self->board_.stirred();
        });
    }

    void saw_object(const kube::Answer& answer) {
        if (kube::says_not_there(answer, ref_of(*unit_).name)) {
            if (!kind_may_leave(kind())) return proven(board_, id_);
            ask_for_kind(&Inquiry::saw_kind);
        } else if (answer.status == 404 && kind_may_leave(kind())) {
            // Of the path, or an answer that broke off: that says nothing of the object.
            ask_for_kind(&Inquiry::saw_kind_without_path);
        } else if (answer.ok()) {
            kube::Reader reader;
            const auto object = reader.metadata(answer.body);
            if (object && !is_meant(board_, *running_, *unit_, *object)) {
                proven(board_, id_);
            } else {
                board_.queue.add_after({id_, 0}, watch_may_be_behind);
            }
        } else {
            cannot_tell(kube::read_status(answer).message);
        }
    }

    void ask_for_kind(void (Inquiry::*take)(const kube::Answer&)) {
        kube::Call call;
        call.path = "/apis/" + kind().api_version;
        ask(std::move(call), take);
    }

    void saw_kind_without_path(const kube::Answer& discovery) {
        const auto served = kube::serves(discovery, kind());
        if (!served) return cannot_tell(served.error().message);
        *served ? cannot_tell("the server has the kind, and answers 404 without a word of the object") : await_kind();
    }

    void saw_kind(const kube::Answer& discovery) {
        const auto served = kube::serves(discovery, kind());
        if (!served) return cannot_tell(served.error().message);
        *served ? proven(board_, id_) : await_kind();
    }

    /// It counts as vanished, and the list that comes when the kind is back decides.
    void await_kind() {
        running_->gate.vanished(id_);
        if (running_->kind_has_left.exchange(true)) return;
        log::warn("a kind is being removed with all its objects; the copies of these stay until it is back",
                  {{"policy", running_->shape().name}, {"kind", kind().kind + " (" + kind().api_version + ")"}});
    }

    void cannot_tell(const std::string& message) {
        if (message != told_) {
            log::warn("cannot tell yet whether a source is gone; its copies stay",
                      {{"source", source_text(unit_->bond)}, {"policy", running_->shape().name}, {"message", message}});
        }
        ++board_.inquiries;
        io_.after(prove_again, [&board = board_, &io = io_, id = id_, message] {
            --board.inquiries;
            prove_gone(board, io, id, message);
        });
    }

    Board& board_;
    Loop& io_;
    const plan::UnitId id_;
    const std::string told_;
    std::optional<Unit> unit_;
    RunningPolicy* running_ = nullptr;
};

}  // namespace

void prove_gone(Board& board, Loop& io, plan::UnitId id, const std::string& told) {
    ++board.inquiries;
    io.post([&board, &io, id, told] {
        const auto inquiry = std::make_shared<Inquiry>(board, io, id, told);
        const auto unit = board.units.get(id);
        if (!unit || !kind_may_leave(ref_of(*unit).kind)) return inquiry->begin();
        // It takes its objects along, and says so in its discovery a moment later.
        io.after(board.options.kind_leaving, [inquiry] { inquiry->begin(); });
    });
}

}  // namespace moontide::sync
