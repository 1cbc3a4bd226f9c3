// One watch on the ingest thread: its machine, its lines and its consumer.
#pragma once

#include "base/clock.hpp"
#include "kube/object.hpp"
#include "watch/ingest.hpp"
#include "watch/line.hpp"
#include "watch/machine.hpp"
#include "watch/wire.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace moontide::watch {

/// What all watches of an Ingest use.
struct Tools {
    Wire& wire;
    const Clock& clock;
    IngestOptions options;
    LineReader lines;
    kube::Reader objects;
    /// Runs on the ingest thread after the delay, unless the watch is gone by then.
    std::function<void(WatchId, Milliseconds, std::function<void()>)> after;
};

/// Turns what arrives into the machine's inputs, and carries its effects out.
class Follower {
public:
    Follower(WatchId id, Scope scope, Consumer& consumer, Tools& tools);

    void start();
    void arrived(Turn turn, Arrival arrival);
    /// Cancels what is under way. Nothing is told to the consumer any more.
    void stop();

    void describe(Health& health) const;

private:
    void take(ListAnswered list);
    void take(HeadersCame);
    void take(ChunkCame chunk);
    void take(StreamOver over);
    void take(StreamDenied denied);

    void drive(const Input& input);
    void carry_out(const SendList& send);
    void carry_out(const OpenStream& open);
    void carry_out(const CloseStream&);
    void carry_out(const Wait& wait);
    void carry_out(const BeginRelist&);
    void carry_out(const DeliverPage&);
    void carry_out(const DeliverListed&);
    void carry_out(const DeliverChange&);
    void carry_out(const FinishRelist& finish);
    void carry_out(const AbandonRelist&);
    void carry_out(const Progress& progress);

    kube::Call call(std::string_view query, std::string_view kind) const;
    /// False where the stream is not to be read on.
    bool read_line(std::string_view line);
    Result<void> deliver_items();
    void watch_for_silence(Milliseconds delay);
    void report();

    WatchId id_;
    Scope scope_;
    Consumer& consumer_;
    Tools& tools_;
    Machine machine_;
    LineSplitter splitter_;
    Turn turn_ = 0;  // of the request that is under way; each new one and each end adds one
    Instant opened_{};
    Instant last_heard_{};  // when the server last sent anything of the list or the watch
    std::optional<Instant> failing_since_;
    std::size_t owed_ = 0;  // bytes handled and not yet given back
    std::string reported_;

    // While the machine is asked about an event or a page:
    EventLine event_;
    const kube::Metadata* metadata_ = nullptr;
    class Page* page_ = nullptr;
    /// Deletions in the middle of a list that a watch brings, by place; told once the list is whole.
    std::map<std::pair<std::string, std::string>, std::string> late_deletions_;
};

}  // namespace moontide::watch
