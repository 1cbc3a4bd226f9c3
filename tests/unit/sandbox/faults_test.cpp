// Each fault, as a client meets it and as the history tells it.
#include "sandbox/faults.hpp"

#include "base/loop.hpp"
#include "kube/blocking.hpp"
#include "sandbox/sandbox.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sandbox;

namespace {

FaultPlan plan_of(const Json& rule) {
    auto plan = parse_fault_plan(Json{{"seed", 7}, {"rules", Json::array({rule})}}.dump());
    INFO((plan ? "" : plan.error().message));
    REQUIRE(plan.has_value());
    return *plan;
}

struct Scene {
    std::shared_ptr<History> history = std::make_shared<History>();
    std::unique_ptr<Sandbox> sandbox = start();
    kube::Access access = kube::parse_kubeconfig(sandbox->kubeconfig(), "kubeconfig", "/").value();
    std::unique_ptr<kube::Blocking> client = kube::Blocking::connect(access, options()).value();

    std::unique_ptr<Sandbox> start() const {
        Options options;
        options.history = history;
        return std::move(Sandbox::start(std::move(options)).value());
    }
    static kube::ClientOptions options() {
        kube::ClientOptions options;
        options.user_agent = "engine";
        options.redial_after = Milliseconds(1);
        return options;
    }
    static kube::Ref ref(const std::string& name) { return {{"v1", "ConfigMap"}, "default", name}; }

    Result<kube::Answer> create(const std::string& name) const {
        const Json object = {
            {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"namespace", "default"}, {"name", name}}}};
        return client->create(object.dump());
    }
    /// A client rests after a connection that brought no answer.
    void remove() const {
        const auto gone = client->await([&] { return client->remove(ref("x")); },
                                        [](const kube::Answer& answer) { return answer.status == 200; });
        REQUIRE(gone.has_value());
    }
    bool exists(const std::string& name) {
        sandbox->inject({});
        const auto answer = client->get(ref(name));
        REQUIRE(answer.has_value());
        return answer->status == 200;
    }
    /// The last answer that was written down.
    Answered last_answer() const {
        Answered last;
        for (const auto& entry : history->entries()) {
            if (const auto* answered = std::get_if<Answered>(&entry.what)) last = *answered;
        }
        return last;
    }
    Result<kube::Answer> create_under(const Json& rule) {
        sandbox->inject(plan_of(rule));
        return create("x");
    }
};

/// A watch on a thread of its own; its lines and how it ended.
struct Watched {
    explicit Watched(const kube::Access& access, const std::string& query = "?watch=1") {
        client = kube::Client::create(loop, access, Scene::options()).value();
        loop.post([this, query] {
            kube::Call call;
            call.path = "/api/v1/namespaces/default/configmaps" + query;
            kube::StreamHandler handler;
            handler.on_data = [this](std::string_view chunk) { change([&] { text += chunk; }); };
            handler.on_end = [this](const std::optional<Error>& error) {
                change([&] { end = error ? "error" : "ended"; });
            };
            stream = client->stream(std::move(call), std::move(handler));
        });
        thread = std::jthread([this] { loop.run(); });
    }
    ~Watched() {
        loop.post([this] {
            stream.reset();
            client.reset();
        });
        loop.stop();
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    void change(const std::function<void()>& act) {
        const std::scoped_lock lock(mutex);
        act();
        changed.notify_all();
    }
    bool await(const std::function<bool()>& holds, Milliseconds limit = Milliseconds(5'000)) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, limit, holds);
    }
    bool await_text(const std::string& part) {
        return await([&] { return text.find(part) != std::string::npos; });
    }

    Loop loop;
    std::unique_ptr<kube::Client> client;
    std::unique_ptr<kube::Stream> stream;
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
    std::string end;
    std::jthread thread;
};

}  // namespace

TEST_CASE("a plan reads back as it was written, and what it does not know is an error") {
    const std::string text =
        R"({"rules":[{"do":"answer-after","every":3,"match":{"client":["moon*"],"verb":["create","update"]},)"
        R"("probability":0.5,"retry_after":"1","status":429},{"do":"lose-bookmark"}],"seed":9})";
    const auto plan = parse_fault_plan(text);
    REQUIRE(plan.has_value());
    CHECK(to_json(*plan).dump() == text);

    const auto complaint = [](const std::string& json) {
        const auto wrong = parse_fault_plan(json);
        return wrong ? std::string() : wrong.error().message;
    };
    CHECK(complaint(R"({"rules":[{"do":"explode"}]})").starts_with("rules[0]: 'do' must be one of pass, "));
    CHECK(complaint(R"({"rules":[{"do":"pass"},{"do":"pass","nht":1}]})") == "rules[1]: there is no field 'nht'");
    CHECK(complaint(R"({"rules":[{"do":"pass","match":{"verb":7}}]})") ==
          "rules[0].match: 'verb' must be a text or a list of texts");
    CHECK(complaint(R"({"rules":[{"do":"pass","probability":2}]})") ==
          "rules[0]: 'probability' must be a number from 0 to 1");
    CHECK(complaint("[]").starts_with("a plan of faults is a JSON object"));
}

TEST_CASE("chance is drawn from the seed: the same plan fires at the same matches") {
    const auto drawn = [](std::uint64_t seed) {
        FaultPlan plan;
        plan.seed = seed;
        plan.rules.emplace_back().probability = 0.3;
        std::string text;
        for (std::uint64_t count = 1; count <= 1000; ++count) text += fires(plan, 0, count, 0, {}) ? 'x' : '.';
        return text;
    };
    CHECK(drawn(1) == drawn(1));
    CHECK(drawn(1) != drawn(2));
    const auto once = drawn(1);
    const auto fired = std::count(once.begin(), once.end(), 'x');
    CHECK(fired > 240);
    CHECK(fired < 360);
}

TEST_CASE("a rule fires at its matches, as often as it says") {
    FaultPlan plan;
    auto& rule = plan.rules.emplace_back();
    SECTION("the nth") {
        rule.nth = 3;
        CHECK_FALSE(fires(plan, 0, 2, 0, {}));
        CHECK(fires(plan, 0, 3, 0, {}));
        CHECK_FALSE(fires(plan, 0, 6, 0, {}));
    }
    SECTION("every") {
        rule.every = 3;
        CHECK_FALSE(fires(plan, 0, 2, 0, {}));
        CHECK(fires(plan, 0, 6, 1, {}));
    }
    SECTION("so often") {
        rule.times = 2;
        CHECK(fires(plan, 0, 6, 1, {}));
        CHECK_FALSE(fires(plan, 0, 7, 2, {}));
    }
    SECTION("for a time") {
        rule.until = Milliseconds(100);
        CHECK(fires(plan, 0, 1, 0, Milliseconds(100)));
        CHECK_FALSE(fires(plan, 0, 1, 0, Milliseconds(101)));
    }
}

TEST_CASE("what a rule matches is read from the request's path") {
    const auto asked = read_asked({"PUT",
                                   "/apis/apps/v1/namespaces/red/deployments/web/status?fieldManager=x",
                                   {{"user-agent", "moontide/1"}},
                                   "{}"});
    CHECK(asked.verb == "update");
    CHECK(asked.resource == "deployments/status");
    CHECK(asked.namespace_name == "red");
    CHECK(asked.name == "web");
    CHECK(FaultMatch{{"update"}, {"deployments*"}, {"r?d"}, {"web"}, {"moontide*"}}.matches(asked));
    CHECK_FALSE(FaultMatch{{"update"}, {"deployments"}, {}, {}, {}}.matches(asked));
    CHECK_FALSE(FaultMatch{{}, {}, {}, {}, {"kubectl*"}}.matches(asked));
    CHECK(read_asked({"GET", "/api/v1/namespaces/red", {}, {}}).resource == "namespaces");
    CHECK(read_asked({"GET", "/api/v1/namespaces/red", {}, {}}).name == "red");
    CHECK(read_asked({"GET", "/api/v1/namespaces/red/finalize", {}, {}}).resource == "namespaces/finalize");
    CHECK(read_asked({"GET", "/api/v1/configmaps?watch=true", {}, {}}).verb == "watch");
    CHECK(read_asked({"DELETE", "/api/v1/namespaces/red/configmaps", {}, {}}).verb == "deletecollection");
    CHECK(read_asked({"POST", "/api/v1/namespaces/red/configmaps", {}, R"({"metadata":{"name":"a"}})"}).name == "a");
    CHECK(read_asked({"GET", "/version", {}, {}}).resource.empty());
}

TEST_CASE("a request that is lost before its effect has none, after it it has") {
    Scene scene;
    for (const auto* fault : {"drop", "reset"}) {
        for (const bool after : {false, true}) {
            const auto word = std::string(fault) + (after ? "-after" : "-before");
            INFO(word);
            CHECK_FALSE(scene.create_under({{"do", word}, {"match", {{"verb", "create"}}}}).has_value());
            CHECK_FALSE(scene.last_answer().delivered);
            CHECK(scene.last_answer().fault == word);
            CHECK(scene.last_answer().status == (after ? 201 : 0));
            CHECK(scene.exists("x") == after);
            if (after) scene.remove();
        }
    }
}

TEST_CASE("a status can stand in place of effect and answer, or of the answer alone") {
    Scene scene;
    const auto before = scene.create_under({{"do", "answer-before"}, {"status", 429}, {"retry_after", "7"}});
    REQUIRE(before.has_value());
    CHECK(before->status == 429);
    CHECK(kube::read_status(*before).reason == "TooManyRequests");
    CHECK(kube::read_status(*before).retry_after == Milliseconds(7'000));
    CHECK_FALSE(scene.exists("x"));
    const auto after = scene.create_under({{"do", "answer-after"}, {"status", 500}});
    REQUIRE(after.has_value());
    CHECK(after->status == 500);
    CHECK(scene.exists("x"));
}

TEST_CASE("a request can be applied twice, its answer cut off, its answer late") {
    Scene scene;
    const auto second = scene.create_under({{"do", "duplicate"}, {"match", {{"verb", "create"}}}});
    REQUIRE(second.has_value());
    CHECK(second->status == 409);
    CHECK(scene.exists("x"));
    scene.remove();

    const auto cut = scene.create_under({{"do", "truncate"}, {"bytes", 10}, {"match", {{"verb", "create"}}}});
    REQUIRE(cut.has_value());
    CHECK(cut->status == 201);
    CHECK(cut->body.size() == 10);
    CHECK(scene.exists("x"));
    scene.remove();

    const auto late = scene.create_under({{"do", "delay-after"}, {"delay_ms", 30}});
    REQUIRE(late.has_value());
    CHECK(late->took >= Milliseconds(30));
    CHECK(scene.exists("x"));
}

TEST_CASE("what is frozen goes on when it is released, or is cut off when the faults end") {
    Scene scene;
    std::atomic<int> fired = 0;
    for (const auto* word : {"freeze-before", "freeze-after"}) {
        for (const bool release : {true, false}) {
            INFO(word << " " << release);
            fired = 0;
            scene.sandbox->inject(plan_of({{"do", word}, {"match", {{"verb", "create"}}}}), [&](const Fired& told) {
                CHECK(told.asked.name == "x");
                fired = 1;
                fired.notify_all();
            });
            std::optional<Result<kube::Answer>> answer;
            std::jthread asking([&] { answer = scene.create("x"); });
            fired.wait(0);
            release ? scene.sandbox->release() : scene.sandbox->heal();
            asking.join();
            CHECK(answer->has_value() == release);
            const bool has_effect = release || word == std::string("freeze-after");
            CHECK(scene.exists("x") == has_effect);
            if (has_effect) scene.remove();
        }
    }
}

TEST_CASE("connections are refused for a time") {
    Scene scene;
    REQUIRE(scene.create("x").has_value());
    CHECK_FALSE(scene.create_under({{"do", "refuse"}, {"times", 1}, {"duration_ms", 100}}).has_value());
    const auto again =
        scene.client->await([&] { return scene.client->get(Scene::ref("x")); },
                            [](const kube::Answer& answer) { return answer.status == 200; }, Milliseconds(5'000));
    CHECK(again.has_value());
}

TEST_CASE("a list can be as of an earlier version, and a watch stands still until the view thaws") {
    Scene scene;
    REQUIRE(scene.create("old").has_value());
    Watched watched(scene.access);
    REQUIRE(watched.await_text("old"));
    scene.sandbox->inject(plan_of({{"do", "stale"},
                                   {"behind", 0},
                                   {"times", 1},
                                   {"duration_ms", 60'000},
                                   {"match", {{"verb", "list"}, {"resource", "configmaps"}}}}));
    const kube::Kind kind{"v1", "ConfigMap"};
    REQUIRE(scene.client->list(kind, "default").has_value());
    REQUIRE(scene.create("new").has_value());
    const auto stale = scene.client->list(kind, "default", "limit=500");
    REQUIRE(stale.has_value());
    CHECK(stale->body.find("\"old\"") != std::string::npos);
    CHECK(stale->body.find("\"new\"") == std::string::npos);
    CHECK(watched.await([&] { return watched.text.find("\"new\"") == std::string::npos; }, Milliseconds(0)));
    scene.sandbox->heal();
    CHECK(watched.await_text("\"new\""));
    CHECK(scene.client->list(kind, "default")->body.find("\"new\"") != std::string::npos);
}

TEST_CASE("a continue token can be expired in the middle of a list") {
    Scene scene;
    for (const auto* name : {"a", "b", "c"}) REQUIRE(scene.create(name).has_value());
    const kube::Kind kind{"v1", "ConfigMap"};
    const auto first = scene.client->list(kind, "default", "limit=1");
    REQUIRE(first.has_value());
    const auto token = Json::parse(first->body).at("metadata").at("continue").get<std::string>();
    scene.sandbox->inject(plan_of({{"do", "expire-continue"}}));
    CHECK(scene.client->list(kind, "default", "limit=1")->status == 200);
    CHECK(scene.client->list(kind, "default", "limit=1&continue=" + token)->status == 410);
}

TEST_CASE("a watch ends, breaks, freezes or expires after as many events as the rule says") {
    Scene scene;
    const auto under = [&](Json rule) {
        rule["match"] = {{"verb", "watch"}};
        rule["event"] = 1;
        scene.sandbox->inject(plan_of(rule));
    };
    REQUIRE(scene.create("a").has_value());
    REQUIRE(scene.create("b").has_value());
    SECTION("ends") {
        under({{"do", "end-watch"}});
        Watched watched(scene.access);
        REQUIRE(watched.await([&] { return !watched.end.empty(); }));
        CHECK(watched.end == "ended");
        CHECK(watched.text.find("\"a\"") != std::string::npos);
        CHECK(watched.text.find("\"b\"") == std::string::npos);
    }
    SECTION("breaks") {
        under({{"do", "cut-watch"}});
        Watched watched(scene.access);
        REQUIRE(watched.await([&] { return !watched.end.empty(); }));
        CHECK(watched.end == "error");
    }
    SECTION("expires") {
        under({{"do", "error-event"}, {"status", 410}});
        Watched watched(scene.access);
        REQUIRE(watched.await([&] { return !watched.end.empty(); }));
        CHECK(watched.text.find(R"({"type":"ERROR","object":{)") != std::string::npos);
        CHECK(watched.text.find(R"("code":410)") != std::string::npos);
    }
    SECTION("freezes until the faults end") {
        under({{"do", "freeze-watch"}});
        Watched watched(scene.access);
        REQUIRE(watched.await_text("\"a\""));
        REQUIRE(scene.create("c").has_value());
        CHECK(watched.text.find("\"b\"") == std::string::npos);
        CHECK(watched.end.empty());
        scene.sandbox->heal();
        CHECK(watched.await([&] { return !watched.end.empty(); }));
    }
    SECTION("loses the bookmark that ends the initial events") {
        under({{"do", "lose-bookmark"}});
        Watched watched(scene.access,
                        "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan");
        REQUIRE(watched.await_text("\"b\""));
        REQUIRE(scene.create("c").has_value());
        REQUIRE(watched.await_text("\"c\""));
        CHECK(watched.text.find("initial-events-end") == std::string::npos);
    }
}

TEST_CASE("a connection that is muted says nothing more, and is cut when the faults end") {
    Scene scene;
    std::atomic<int> fired = 0;
    scene.sandbox->inject(plan_of({{"do", "mute"}, {"times", 1}}), [&](const Fired&) {
        fired = 1;
        fired.notify_all();
    });
    std::optional<Result<kube::Answer>> answer;
    std::jthread asking([&] { answer = scene.create("x"); });
    fired.wait(0);
    scene.sandbox->heal();
    asking.join();
    CHECK_FALSE(answer->has_value());
    CHECK_FALSE(scene.exists("x"));
}

TEST_CASE("a history tells requests, what they changed and their answers, and begins with what is there") {
    Scene scene;
    REQUIRE(scene.create("x").has_value());
    const auto entries = scene.history->entries();
    REQUIRE(entries.size() >= 7);
    const auto& there = std::get<Changed>(entries.front().what);
    CHECK(there.resource == "namespaces");
    CHECK(there.by == 0);
    const auto& asked = std::get<Asked>(entries[entries.size() - 3].what);
    const auto& changed = std::get<Changed>(entries[entries.size() - 2].what);
    const auto& answered = std::get<Answered>(entries.back().what);
    CHECK(asked.verb == "create");
    CHECK(asked.client == "engine");
    CHECK(changed.by == asked.id);
    CHECK(changed.what == Changed::What::added);
    CHECK_FALSE(changed.before);
    CHECK(answered.id == asked.id);
    CHECK(answered.status == 201);
    CHECK(answered.delivered);

    const auto line = Json::parse(line_of(entries[entries.size() - 2]));
    CHECK(line.at("change") == "added");
    CHECK(line.at("object").at("metadata").at("name") == "x");
    scene.remove();
    const auto deleted = scene.history->entries();
    const auto gone = Json::parse(line_of(deleted[deleted.size() - 2]));
    CHECK(gone.at("change") == "deleted");
    CHECK(gone.at("before").at("uid") == line.at("object").at("metadata").at("uid"));
}
