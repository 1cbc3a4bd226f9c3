// The requests of all watches, on the io thread.
#pragma once

#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"
#include "watch/ingest.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace moontide::watch {

/// Tells the answers of one request from those of the one before it.
using Turn = std::uint64_t;

// What comes in for a watch.
struct ListAnswered {
    Result<kube::Answer> answer;
};
struct HeadersCame {};
struct ChunkCame {
    std::string bytes;
};
struct StreamOver {
    std::optional<Error> error;
};
/// A status other than 200, with the whole of its body.
struct StreamDenied {
    kube::Answer answer;
};
using Arrival = std::variant<ListAnswered, HeadersCame, ChunkCame, StreamOver, StreamDenied>;

/// Called from the ingest thread; does everything on the loop's. A watch has one request at a time.
class Wire {
public:
    /// Runs on the loop's thread.
    using Deliver = std::function<void(WatchId, Turn, Arrival)>;

    Wire(Loop& io, kube::Client& client, Deliver deliver);
    /// Cancels what is under way: at once on the loop's thread, else as soon as the loop comes to it.
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    void send(WatchId id, Turn turn, kube::Call call);
    void open(WatchId id, Turn turn, kube::Call call);
    /// Gives bytes of ChunkCame back to the stream's window.
    void consumed(WatchId id, Turn turn, std::size_t bytes);
    void close(WatchId id);

private:
    struct State;
    Loop& io_;
    std::shared_ptr<State> state_;
};

}  // namespace moontide::watch
