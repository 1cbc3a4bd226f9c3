// A follower and the answers of requests that were given up.
#include "watch/follower.hpp"

#include "scripted_api.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::watch;

namespace {

/// The loop never runs, so nothing is ever asked of it.
class NoClient final : public kube::Client {
public:
    void send(kube::Call, kube::Done) override {}
    std::unique_ptr<kube::Stream> stream(kube::Call, kube::StreamHandler) override { return nullptr; }
    void resolve(const kube::Kind&, std::function<void(Result<std::optional<kube::Resource>>)>) override {}
    const std::string& host() const override { return host_; }
    std::chrono::seconds server_time_offset() const override { return {}; }

private:
    std::string host_;
};

IngestOptions paged() {
    IngestOptions options;
    options.watch_list = false;
    return options;
}

struct Fixture {
    Loop loop;
    NoClient client;
    Wire wire{loop, client, [](WatchId, Turn, Arrival) {}};
    ManualClock clock;
    std::vector<std::function<void()>> timers;
    Tools tools{wire,
                clock,
                paged(),
                {},
                {},
                [this](WatchId, Milliseconds, std::function<void()> function) {
                    timers.push_back(std::move(function)); }};
    Recorder recorder;
    Follower follower{1, {}, recorder, tools};

    void answer(Turn turn, std::string body) {
        follower.arrived(turn, ListAnswered{kube::Answer{200, {}, std::move(body), Milliseconds{0}}});
    }
    Health health() const {
        Health health;
        follower.describe(health);
        return health;
    }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("an answer of a request that was given up is not taken for that of the next one") {
    Fixture f;
    f.follower.start();
    f.answer(1, list_json(5, {object_json("a", 1)}, "t"));
    f.answer(1, list_json(5, {object_json("never", 1)}));
    f.answer(2, list_json(5, {object_json("b", 2)}));
    CHECK(f.recorder.told.now() == Words{"begin", "a@1", "b@2", "relisted 5"});
    f.follower.arrived(2, ChunkCame{event_line("ADDED", "never", 6)});
    f.follower.arrived(3, ChunkCame{event_line("ADDED", "c", 6)});
    CHECK(f.recorder.told.now().back() == "+c@6");
    f.follower.stop();
    f.follower.arrived(3, ChunkCame{event_line("ADDED", "never", 7)});
    CHECK(f.recorder.told.now().back() == "+c@6");
}

TEST_CASE("silence counts from the last byte, and for the stream that it was meant for") {
    Fixture f;
    f.follower.start();
    f.answer(1, list_json(5, {}));
    REQUIRE(f.timers.size() == 1);
    f.clock.advance(Milliseconds(149'000));
    f.follower.arrived(2, ChunkCame{bookmark_line(6)});
    f.clock.advance(Milliseconds(2'000));
    f.timers[0]();
    CHECK(f.health().state == "watching");
    CHECK(f.clock.now() - f.health().last_heard == Milliseconds(2'000));
    REQUIRE(f.timers.size() == 2);

    // The stream ends and is resumed; then the old one's timer comes.
    f.follower.arrived(2, StreamOver{std::nullopt});
    CHECK(f.health().state == "watching");
    f.clock.advance(Milliseconds(400'000));
    f.timers[1]();
    CHECK(f.health().state == "watching");
    f.timers[2]();
    CHECK(f.health().state == "waiting");
    CHECK(f.health().last_error.find("nothing was heard") != std::string::npos);
}

TEST_CASE("refusals and lost connections are no word of what is watched, and how long that lasts is known") {
    Fixture f;
    f.follower.start();
    f.answer(1, list_json(5, {}));
    CHECK_FALSE(f.health().failing_since);
    f.clock.advance(Milliseconds(10'000));
    f.follower.arrived(2, StreamDenied{kube::Answer{403, {}, "no", Milliseconds{0}}});
    const auto began = f.clock.now();
    f.clock.advance(Milliseconds(20'000));
    f.timers.back()();
    f.follower.arrived(4, StreamOver{Error{"cannot connect", Retry::later}});
    CHECK(f.clock.now() - f.health().last_heard == Milliseconds(30'000));
    CHECK(f.health().failing_since == began);
    f.timers.back()();
    f.follower.arrived(6, HeadersCame{});
    CHECK(f.health().last_heard == f.clock.now());
    CHECK_FALSE(f.health().failing_since);
}

TEST_CASE("a timer of a wait that is over changes nothing") {
    Fixture f;
    f.follower.start();
    f.follower.arrived(1, ListAnswered{fail("refused")});
    CHECK(f.health().state == "waiting");
    f.timers.at(0)();
    CHECK(f.health().state == "listing");
    f.follower.arrived(3, ListAnswered{fail("refused")});
    f.timers.at(0)();
    CHECK(f.health().state == "waiting");
}
