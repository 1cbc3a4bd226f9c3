#include "status/events.hpp"

#include "fake_client.hpp"

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using nlohmann::json;
using status::FakeClient;
using status::Notice;

namespace {

struct Fixture {
    Loop loop;
    FakeClient client{loop};
    ManualClock clock;
    std::unique_ptr<status::Events> events = status::event_recorder(loop, client, "moontide", clock);

    /// Until nothing posted is left: two rounds, since an answer may post again.
    void run() {
        for (int round = 0; round < 4; ++round) {
            loop.post([this] { loop.post([this] { loop.stop(); }); });
            loop.run();
        }
    }
};

Notice copied(const std::string& target = "blue") {
    Notice notice;
    notice.about = {{"v1", "ConfigMap"}, "flux-system", "shared"};
    notice.uid = "4711";
    notice.reason = "Copied";
    notice.message = "copied to " + target;
    notice.subject = target;
    return notice;
}

kube::Answer forbidden(const std::string& cause = {}) {
    json status{{"kind", "Status"}, {"code", 403}, {"reason", "Forbidden"}, {"message", "events is forbidden"}};
    if (!cause.empty()) status["details"] = {{"causes", {{{"reason", cause}, {"message", "it goes"}}}}};
    return {403, {}, status.dump(), Milliseconds(1)};
}

}  // namespace

TEST_CASE("an Event is written beside its object, with what kubectl shows of it") {
    Fixture fixture;
    auto notice = copied();
    notice.message = "bytes \xff too";
    fixture.events->tell(notice);
    fixture.run();
    REQUIRE(fixture.client.calls.size() == 1);
    const auto& call = fixture.client.calls.front();
    CHECK(call.method == "POST");
    CHECK(call.path == "/api/v1/namespaces/flux-system/events");
    CHECK(call.content_type == "application/json");
    const auto event = json::parse(call.body);
    CHECK(event["involvedObject"] == json{{"apiVersion", "v1"},
                                          {"kind", "ConfigMap"},
                                          {"namespace", "flux-system"},
                                          {"name", "shared"},
                                          {"uid", "4711"}});
    CHECK(event["metadata"]["namespace"] == "flux-system");
    CHECK(event["metadata"]["name"].get<std::string>().starts_with("shared."));
    CHECK(event["reason"] == "Copied");
    CHECK(event["type"] == "Normal");
    CHECK(event["message"] == "bytes \uFFFD too");
    CHECK(event["count"] == 1);
    CHECK(event["source"]["component"] == "moontide");
    CHECK(event["reportingComponent"] == "moontide");
    CHECK(event["firstTimestamp"] == rfc3339(fixture.clock.wall()));
    CHECK(event["lastTimestamp"] == rfc3339(fixture.clock.wall()));
}

TEST_CASE("a repetition patches count, time and message") {
    Fixture fixture;
    fixture.events->tell(copied());
    fixture.run();
    fixture.clock.advance(Milliseconds(700'000));
    fixture.events->tell(copied());
    fixture.run();
    REQUIRE(fixture.client.calls.size() == 2);
    const auto name = json::parse(fixture.client.calls[0].body)["metadata"]["name"].get<std::string>();
    CHECK(fixture.client.calls[1].method == "PATCH");
    CHECK(fixture.client.calls[1].path == "/api/v1/namespaces/flux-system/events/" + name);
    CHECK(fixture.client.calls[1].content_type == "application/merge-patch+json");
    CHECK(json::parse(fixture.client.calls[1].body) ==
          json{{"count", 2}, {"lastTimestamp", rfc3339(fixture.clock.wall())}, {"message", "copied to blue"}});
}

TEST_CASE("where Events are denied nothing more is asked for ten minutes, in other namespaces it is") {
    Fixture fixture;
    fixture.client.answer = [](const kube::Call&) { return forbidden(); };
    for (const auto* target : {"a", "b", "c"}) {
        fixture.events->tell(copied(target));
        fixture.run();
    }
    CHECK(fixture.client.calls.size() == 1);
    auto elsewhere = copied();
    elsewhere.about.namespace_name = "other";
    fixture.events->tell(elsewhere);
    fixture.run();
    CHECK(fixture.client.calls.size() == 2);
    fixture.clock.advance(Milliseconds(600'001));
    fixture.events->tell(copied());
    fixture.run();
    CHECK(fixture.client.calls.size() == 3);
}

TEST_CASE("a namespace that is going refuses one Event, which is no denial") {
    Fixture fixture;
    fixture.client.answer = [](const kube::Call&) { return forbidden("NamespaceTerminating"); };
    fixture.events->tell(copied("a"));
    fixture.run();
    fixture.events->tell(copied("b"));
    fixture.run();
    CHECK(fixture.client.calls.size() == 2);
}

TEST_CASE("an Event that is there already counts as written, one that is gone is written anew") {
    Fixture fixture;
    fixture.client.answer = [](const kube::Call& call) {
        return kube::Answer{call.method == "POST" ? 409 : 404, {}, "{}", Milliseconds(1)};
    };
    fixture.events->tell(copied());
    fixture.run();
    fixture.events->tell(copied());
    fixture.run();
    CHECK(fixture.client.calls.size() == 1);
    fixture.clock.advance(Milliseconds(700'000));
    fixture.events->tell(copied());
    fixture.run();
    REQUIRE(fixture.client.calls.size() == 3);
    CHECK(fixture.client.calls[1].method == "PATCH");
    CHECK(fixture.client.calls[2].method == "POST");
}

TEST_CASE("an Event whose server was away is tried again") {
    Fixture fixture;
    int asked = 0;
    fixture.client.answer = [&](const kube::Call&) -> Result<kube::Answer> {
        if (++asked == 1) return fail("connection reset", Retry::later);
        fixture.loop.stop();
        return kube::Answer{201, {}, "{}", Milliseconds(1)};
    };
    fixture.events->tell(copied());
    fixture.loop.run();
    CHECK(asked == 2);
    CHECK(fixture.client.calls[0].body == fixture.client.calls[1].body);
}

TEST_CASE("answers that come after the recorder has gone touch nothing") {
    Fixture fixture;
    fixture.events->tell(copied());
    fixture.client.answer = [&](const kube::Call&) {
        fixture.events.reset();
        return forbidden();
    };
    fixture.run();
    CHECK(fixture.client.calls.size() == 1);
}
