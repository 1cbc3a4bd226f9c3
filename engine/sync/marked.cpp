#include "sync/marked.hpp"

#include "base/log.hpp"

#include <memory>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

constexpr const char* page_size = "500";

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
        call.path = kube::path(board.kinds.resource(kind), "") + "?limit=" + page_size;
        if (!next.empty()) call.path += "&continue=" + kube::percent_encoded(next);
        call.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        board.client->send(std::move(call),
                           [self = shared_from_this()](Result<kube::Answer> answer) { self->took(std::move(answer)); });
    }

    void took(Result<kube::Answer> answer) {
        if (board.stopping) return;
        if (!answer || !answer->ok()) {
            // Without the list nothing can be said of what is there, so the policy waits for it.
            const auto message = answer ? kube::read_status(*answer).message : answer.error().message;
            log::warn("cannot list what may be taken over yet",
                      {{"policy", running.shape().name}, {"message", message}});
            running.waiting_for.with([&](auto& text) { text = "the list of objects to take over: " + message; });
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
        if (!object || kube::find(object->annotations, plan::marks::claim) != nullptr) return;
        const auto origin = running.policy->origin(*object);
        const auto uid = plan::Uid::parse(object->uid);
        if (!origin || !uid || origin->source_name.empty()) return;
        for (const auto& source_kind : running.shape().source_kinds) {
            plan::Bond bond;
            bond.policy = running.shape().name;
            bond.source = {source_kind, origin->source_namespace, origin->source_name};
            plan::Record record;
            record.uid = *uid;
            record.resource_version = object->resource_version;
            record.unit = board.units.id(bond, running.index);
            record.made = true;
            record.terminating = !object->deletion_timestamp.empty();
            record.labelled = true;
            record.by_marks = true;
            const plan::TargetKey target{board.names.id(object->namespace_name), board.names.id(object->name), kind};
            board.have.with([&](plan::Have& have) {
                if (have.record(target) == nullptr) have.put(target, record);
            });
            return;  // marks name no kind: the first that the policy has
        }
    }
};

}  // namespace

void find_marked(Board& board, Loop& io, RunningPolicy& running, plan::KindId kind, std::function<void()> done) {
    auto listing = std::make_shared<Listing>(board, io, running, kind, std::move(done));
    io.post([listing] { listing->ask(); });
}

}  // namespace moontide::sync
