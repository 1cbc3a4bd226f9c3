#include "watch/wire.hpp"

#include <map>
#include <utility>

namespace moontide::watch {

namespace {

/// Of an answer that denies a stream, this much is kept to say why.
constexpr std::size_t longest_denial = 64 * 1024;

struct Open {
    Turn turn = 0;
    std::unique_ptr<kube::Stream> stream;
    std::optional<kube::Answer> denied;
};

}  // namespace

/// Touched on the loop's thread alone; shared with the functions that are posted there, which may outlive the Wire.
struct Wire::State : std::enable_shared_from_this<Wire::State> {
    State(kube::Client& of_client, Deliver to_deliver) : client(of_client), deliver(std::move(to_deliver)) {}

    kube::Client& client;
    Deliver deliver;
    std::map<WatchId, Open> streams;
    bool closed = false;

    Open* find(WatchId id, Turn turn) {
        const auto found = streams.find(id);
        return found != streams.end() && found->second.turn == turn ? &found->second : nullptr;
    }

    void open(WatchId id, Turn turn, kube::Call call) {
        auto& open = streams[id];
        open = Open{turn, nullptr, std::nullopt};
        kube::StreamHandler handler;
        handler.on_headers = [weak = weak_from_this(), id, turn](int status, kube::http2::Headers headers) {
            const auto self = weak.lock();
            auto* stream = self ? self->find(id, turn) : nullptr;
            if (stream == nullptr) return;
            if (status == 200) return self->deliver(id, turn, HeadersCame{});
            stream->denied = kube::Answer{status, std::move(headers), {}, Milliseconds{0}};
        };
        handler.on_data = [weak = weak_from_this(), id, turn](std::string_view chunk) {
            const auto self = weak.lock();
            auto* stream = self ? self->find(id, turn) : nullptr;
            if (stream == nullptr) return;
            if (!stream->denied) return self->deliver(id, turn, ChunkCame{std::string(chunk)});
            auto& body = stream->denied->body;
            body.append(chunk.substr(0, longest_denial - std::min(longest_denial, body.size())));
            if (stream->stream) stream->stream->consumed(chunk.size());
        };
        handler.on_end = [weak = weak_from_this(), id, turn](std::optional<Error> error) {
            const auto self = weak.lock();
            auto* stream = self ? self->find(id, turn) : nullptr;
            if (stream == nullptr) return;
            if (stream->denied) return self->deliver(id, turn, StreamDenied{std::move(*stream->denied)});
            self->deliver(id, turn, StreamOver{std::move(error)});
        };
        open.stream = client.stream(std::move(call), std::move(handler));
    }
};

Wire::Wire(Loop& io, kube::Client& client, Deliver deliver)
    : io_(io), state_(std::make_shared<State>(client, std::move(deliver))) {}

Wire::~Wire() {
    const auto shut = [state = std::move(state_)] {
        state->closed = true;
        state->streams.clear();
    };
    if (io_.in_loop()) {
        shut();
    } else {
        io_.post(shut);
    }
}

void Wire::send(WatchId id, Turn turn, kube::Call call) {
    io_.post([state = state_, id, turn, call = std::move(call)]() mutable {
        if (state->closed) return;
        state->client.send(std::move(call), [weak = state->weak_from_this(), id, turn](Result<kube::Answer> answer) {
            if (const auto self = weak.lock()) self->deliver(id, turn, ListAnswered{std::move(answer)});
        });
    });
}

void Wire::open(WatchId id, Turn turn, kube::Call call) {
    io_.post([state = state_, id, turn, call = std::move(call)]() mutable {
        if (!state->closed) state->open(id, turn, std::move(call));
    });
}

void Wire::consumed(WatchId id, Turn turn, std::size_t bytes) {
    io_.post([state = state_, id, turn, bytes] {
        if (auto* open = state->find(id, turn); open != nullptr && open->stream) open->stream->consumed(bytes);
    });
}

void Wire::close(WatchId id) {
    io_.post([state = state_, id] { state->streams.erase(id); });
}

}  // namespace moontide::watch
