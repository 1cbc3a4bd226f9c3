#include "sync/marked.hpp"

#include "base/log.hpp"
#include "plan/claim.hpp"
#include "sync/owner_marks.hpp"
#include "sync/sources.hpp"

#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

struct Listing : std::enable_shared_from_this<Listing> {
    Listing(Board& shared, Loop& loop, RunningPolicy& policy, plan::KindId of, std::function<void()> at_end)
        : board(shared), io(loop), running(policy), kind(of), done(std::move(at_end)) {}

    Board& board;
    Loop& io;
    RunningPolicy& running;
    const plan::KindId kind;
    const std::function<void()> done;
    std::string next;

    void ask() {
        kube::Call call;
        call.path = kube::path(board.kinds.resource(kind), "") + "?limit=" + kube::page_size;
        if (!next.empty()) call.path += "&continue=" + kube::percent_encoded(next);
        call.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        board.client->send(std::move(call),
                           [self = shared_from_this()](Result<kube::Answer> answer) { self->took(std::move(answer)); });
    }

    void took(Result<kube::Answer> answer) {
        if (board.stopping) return;
        // One of several kinds that was never ours to see: the others are enough to begin.
        if (answer && answer->status == 403 && running.shape().copy_kinds.size() > 1) {
            log::info("a kind may not be listed: nothing of it is taken over, and its copies wait for the right",
                      {{"policy", running.shape().name},
                       {"kind", board.kinds.resource(kind).kind.kind},
                       {"message", kube::read_status(*answer).message}});
            board.ingest->post([self = shared_from_this()] { self->done(); });
            return;
        }
        if (!answer || !answer->ok()) {
            // Without the list nothing can be said of what is there, so the policy waits for it.
            const auto message = answer ? kube::read_status(*answer).message : answer.error().message;
            const auto why = "the list of objects to take over: " + message;
            const bool is_new = running.waiting_for.with([&](auto& text) { return std::exchange(text, why) != why; });
            if (is_new) {
                log::warn("cannot list what may be taken over yet",
                          {{"policy", running.shape().name}, {"message", message}});
            }
            if (answer && answer->status == 410) next.clear();
            io.after(Milliseconds(2'000), [self = shared_from_this()] { self->ask(); });
            return;
        }
        board.ingest->post([self = shared_from_this(), body = std::move(answer->body)] { self->read(body); });
    }

    void read(const std::string& body) {
        const auto page = nlohmann::json::parse(body, nullptr, false);
        if (page.is_object()) {
            for (const auto& item : page.value("items", nlohmann::json::array())) consider(item.dump());
            next = page.value("metadata", nlohmann::json::object()).value("continue", "");
        }
        if (!next.empty()) {
            io.post([self = shared_from_this()] { self->ask(); });
            return;
        }
        running.waiting_for.with([](auto& text) { text.clear(); });
        done();
    }

    void consider(const std::string& text) {
        kube::Reader reader;
        const auto object = reader.metadata(text);
        const auto uid = object ? plan::Uid::parse(object->uid) : std::nullopt;
        if (!uid) return;
        plan::Record record;
        record.uid = *uid;
        record.resource_version = object->resource_version;
        record.terminating = !object->deletion_timestamp.empty();
        record.unwatched = true;
        if (kube::find(object->annotations, plan::marks::claim) != nullptr) {
            if (!read_claim(*object, record)) return;
        } else if (running.shape().has_owner()) {
            return leave_to_owners(*object, record);
        } else if (!read_marks(*object, record)) {
            return;
        }
        const plan::TargetKey target{board.names.id(object->namespace_name), board.names.id(object->name), kind};
        board.have.with([&](plan::Have& have) {
            if (have.record(target) == nullptr) have.put(target, record);
        });
    }

    /// A copy of ours whose labels were taken off: the watch of copies does not show it.
    bool read_claim(const kube::Metadata& object, plan::Record& record) {
        const auto* instance = kube::find(object.labels, plan::marks::instance);
        if (instance != nullptr && *instance == board.options.instance) return false;  // the watch shows it
        const auto claim = plan::Claim::of(object);
        if (!claim || claim->instance != board.options.instance) return false;
        if (!board.is_here(claim->place, object.namespace_name, object.name)) return false;
        if (claim->bond.policy != running.shape().name) return false;
        record.unit = board.units.id(claim->bond, running.index);
        record.keys = board.names.id(plan::keys_text(claim->labels, claim->annotations));
        record.made = claim->making == plan::Making::made;
        record.edited = true;
        return true;
    }

    /// What its owner selects tells its source, so that one is known when it is looked at.
    void leave_to_owners(const kube::Metadata& object, plan::Record record) {
        auto origin = origin_by_marks(running, object);
        if (!origin || origin->owner_name.empty()) return;
        record.made = record.labelled = record.by_marks = true;
        const plan::TargetKey target{board.names.id(object.namespace_name), board.names.id(object.name), kind};
        running.marked.with([&](auto& marked) { marked.push_back({target, record, std::move(*origin)}); });
    }

    bool read_marks(const kube::Metadata& object, plan::Record& record) {
        const auto origin = origin_by_marks(running, object);
        // A policy that gives no name of its own makes copies of the source's name; another name is a user's clone.
        if (!origin || origin->source_name.empty()) return false;
        if (!running.shape().renames && origin->source_name != object.name) return false;
        for (const auto& source_kind : running.shape().source_kinds) {
            plan::Bond bond;
            bond.policy = running.shape().name;
            bond.source = {source_kind, origin->source_namespace, origin->source_name};
            if (!could_be_source(running.from, bond.source)) continue;
            record.unit = board.units.id(bond, running.index);
            record.made = true;
            record.labelled = true;
            record.by_marks = true;
            return true;  // marks name no kind: the first that fits
        }
        return false;
    }
};

}  // namespace

std::optional<policy::Origin> origin_by_marks(const RunningPolicy& running, const kube::Metadata& object) {
    return plan::has_part(object.annotations) ? std::nullopt : running.policy->origin(object);
}

void find_marked(Board& board, Loop& io, RunningPolicy& running, plan::KindId kind, std::function<void()> done) {
    auto listing = std::make_shared<Listing>(board, io, running, kind, std::move(done));
    io.post([listing] { listing->ask(); });
}

}  // namespace moontide::sync
