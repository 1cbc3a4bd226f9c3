// Ingest against a server that breaks its watches in every way that servers do.
#include "watch/ingest.hpp"

#include "scripted_api.hpp"

#include <algorithm>
#include <atomic>

using namespace moontide;
using namespace moontide::watch;
using Words = std::vector<std::string>;

namespace {

Scope configmaps() {
    Scope scope;
    scope.resource = {{"v1", "ConfigMap"}, "configmaps", true, false};
    scope.namespace_name = "n";
    return scope;
}

IngestOptions quick() {
    IngestOptions options;
    options.watch_list = false;
    options.backoff_first = Milliseconds(10);
    options.backoff_last = Milliseconds(40);
    return options;
}

struct Bench {
    ScriptedApi api;
    Recorder recorder;
    std::unique_ptr<Ingest> ingest;
    WatchId id = 0;

    explicit Bench(const IngestOptions& options = quick())
        : ingest(std::make_unique<Ingest>(api.loop(), *api.client, options)) {}
    ~Bench() { ingest.reset(); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    void follow(const Scope& scope = configmaps()) { id = ingest->add(scope, recorder); }
    /// Listed, and the watch is open.
    void watching() {
        follow();
        REQUIRE(api.requests.wait_for("watch 5") == Words{"list", "watch 5"});
    }
    Health health() {
        // What was posted before has been carried out, and its health told.
        std::promise<void> done;
        ingest->post([&] { done.set_value(); });
        done.get_future().wait();
        return ingest->health().at(0);
    }
};

const Words first_list{"begin", "a@1", "relisted 5"};

Words then(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

TEST_CASE("a list and the events after it arrive in order, whatever the chunks") {
    Bench b;
    b.watching();
    const auto text = event_line("ADDED", "b", 6) + event_line("MODIFIED", "b", 7) + event_line("DELETED", "b", 8);
    for (std::size_t at = 0; at < text.size(); at += 17) b.api.write(text.substr(at, 17));
    CHECK(b.recorder.told.wait_for("-b@8") == then(first_list, {"+b@6", "~b@7", "-b@8"}));
    const auto health = b.health();
    CHECK(health.synced);
    CHECK(health.state == "watching");
    CHECK(health.version == 8);
    CHECK(health.last_error.empty());
    CHECK(health.scope == configmaps());
}

TEST_CASE("a list comes page by page") {
    Bench b;
    b.api.on_io([&] {
        b.api.list = [](const auto& exchange) {
            const bool first = exchange->request().path.find("continue") == std::string::npos;
            ScriptedApi::json(exchange,
                              first ? list_json(5, {object_json("a", 1)}, "t") : list_json(5, {object_json("b", 2)}));
        };
    });
    b.follow();
    CHECK(b.api.requests.wait_for("watch 5") == Words{"list", "list continue=t", "watch 5"});
    CHECK(b.recorder.told.wait_for("relisted 5") == Words{"begin", "a@1", "b@2", "relisted 5"});
}

TEST_CASE("an event of the time without a connection is told once, and nothing is listed again") {
    Bench b;
    b.watching();
    b.api.write(event_line("ADDED", "b", 6));
    b.recorder.told.wait_for("+b@6");
    SECTION("the stream is reset") {
        b.api.reset();
    }
    SECTION("the stream ends") {
        b.api.end();
    }
    SECTION("in the middle of a line") {
        b.api.write(event_line("ADDED", "c", 7).substr(0, 30));
        b.api.end();
    }
    SECTION("the server goes and comes back") {
        b.api.on_io([&] {
            const auto port = b.api.server->port();
            b.api.streams.clear();
            b.api.server.reset();
            b.api.listen(port);
        });
    }
    CHECK(b.api.requests.wait_for("watch 6") == Words{"list", "watch 5", "watch 6"});
    b.api.write(event_line("ADDED", "c", 7));
    CHECK(b.recorder.told.wait_for("+c@7") == then(first_list, {"+b@6", "+c@7"}));
    CHECK(b.health().relists == 0);
}

TEST_CASE("410 means one relist, as a status and as an event") {
    Bench b;
    b.watching();
    b.api.on_io([&] {
        b.api.list = [](const auto& exchange) { ScriptedApi::json(exchange, list_json(30, {object_json("z", 9)})); };
    });
    SECTION("as an event") {
        b.api.write("{\"type\":\"ERROR\",\"object\":" + status_json(410, "Expired") + "}\n" +
                    event_line("ADDED", "x", 7));
    }
    SECTION("as a status") {
        b.api.on_io([&] {
            b.api.refuse = [](const auto& exchange) {
                if (exchange->request().path.find("resourceVersion=5&") == std::string::npos) return false;
                ScriptedApi::json(exchange, status_json(410, "Expired"), 410);
                return true;
            };
        });
        b.api.reset();
    }
    CHECK(b.recorder.told.wait_for("relisted 30") == then(first_list, {"begin", "z@9", "relisted 30"}));
    const auto requests = b.api.requests.wait_for("watch 30");
    CHECK(std::count(requests.begin(), requests.end(), "list") == 2);
    CHECK(b.health().relists == 1);
    CHECK(b.health().last_error.empty());
}

TEST_CASE("a watch that falls silent is dialled anew") {
    auto options = quick();
    options.silent_after = Milliseconds(150);
    Bench b(options);
    b.watching();
    CHECK(b.api.requests.wait_for(3) == Words{"list", "watch 5", "watch 5"});
    b.api.write(event_line("ADDED", "b", 6));
    CHECK(b.recorder.told.wait_for("+b@6") == then(first_list, {"+b@6"}));
}

TEST_CASE("a watch is resumed from its last bookmark") {
    Bench b;
    b.watching();
    b.api.write(bookmark_line(90));
    CHECK(b.recorder.told.wait_for("progress 90") == then(first_list, {"progress 90"}));
    b.api.end();
    CHECK(b.api.requests.wait_for(3).back() == "watch 90");
}

TEST_CASE("garbage leads to another list") {
    Bench b;
    b.watching();
    const auto* line =
        GENERATE("<html>busy</html>\n", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}\n",
                 "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\"}}}\n",
                 "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"y\"}}}\n");
    b.api.write(line + event_line("ADDED", "never", 7));
    CHECK(b.api.requests.wait_for(4) == Words{"list", "watch 5", "list", "watch 5"});
    CHECK(b.recorder.told.wait_for(6) == then(first_list, first_list));
}

TEST_CASE("a list with an unreadable item is abandoned, and the next one is taken") {
    Bench b;
    std::atomic<int> lists{0};
    b.api.on_io([&] {
        b.api.list = [&](const auto& exchange) {
            const auto second = lists++ == 0 ? R"({"metadata":{}})" : object_json("b", 2);
            ScriptedApi::json(exchange, list_json(5, {object_json("a", 1), second}));
        };
    });
    b.follow();
    CHECK(b.recorder.told.wait_for("relisted 5") ==
          Words{"begin", "a@1", "abandoned", "begin", "a@1", "b@2", "relisted 5"});
}

TEST_CASE("a refused list is asked for again, and health says why it is not there") {
    const auto [status, reason] = GENERATE(table<int, std::string>(
        {{503, "ServiceUnavailable"}, {403, "Forbidden"}, {404, "NotFound"}, {429, "TooManyRequests"}}));
    Bench b;
    std::atomic<bool> allowed{false};
    b.api.on_io([&] {
        b.api.list = [&, status = status, reason = reason](const auto& exchange) {
            if (allowed) return ScriptedApi::json(exchange, list_json(5, {object_json("a", 1)}));
            ScriptedApi::json(exchange, status_json(status, reason), status);
        };
    });
    b.follow();
    b.api.requests.wait_for(3);
    const auto health = b.health();
    CHECK_FALSE(health.synced);
    CHECK(health.last_error == fmt::format("{}: said so", status));
    CHECK(b.recorder.told.now().empty());
    allowed = true;
    CHECK(b.recorder.told.wait_for("relisted 5") == first_list);
}

TEST_CASE("a server with WatchList lists by one watch") {
    auto options = quick();
    options.watch_list = true;
    Bench b(options);
    b.follow();
    CHECK(b.api.requests.wait_for(1) == Words{"watch list"});
    b.api.write(event_line("ADDED", "a", 1) + event_line("ADDED", "b", 2) + event_line("ADDED", "c", 3));
    // The server's snapshot may be older than the end that it promises; the rest comes as events.
    b.api.write(event_line("DELETED", "a", 6) + event_line("MODIFIED", "b", 7) + event_line("DELETED", "c", 8) +
                event_line("ADDED", "c", 9));
    CHECK(b.recorder.told.wait_for("c@9") == Words{"begin", "a@1", "b@2", "c@3", "b@7", "c@9"});
    CHECK_FALSE(b.health().synced);
    b.api.write(bookmark_line(10, true) + event_line("ADDED", "d", 11));
    CHECK(b.recorder.told.wait_for("+d@11") ==
          Words{"begin", "a@1", "b@2", "c@3", "b@7", "c@9", "relisted 10", "-a@6", "+d@11"});
    b.api.end();
    CHECK(b.api.requests.wait_for(2) == Words{"watch list", "watch 11"});
}

TEST_CASE("a WatchList that is cut off is not taken for a whole list") {
    auto options = quick();
    options.watch_list = true;
    Bench b(options);
    b.follow();
    b.api.requests.wait_for(1);
    b.api.write(event_line("ADDED", "a", 1));
    b.recorder.told.wait_for("a@1");
    b.api.reset();
    CHECK(b.api.requests.wait_for(2) == Words{"watch list", "watch list"});
    CHECK(b.recorder.told.wait_for(4) == Words{"begin", "a@1", "abandoned", "begin"});
    CHECK_FALSE(b.health().synced);
}

TEST_CASE("a server that refuses WatchList is listed by pages") {
    auto options = quick();
    options.watch_list = true;
    Bench b(options);
    b.api.on_io([&] {
        b.api.refuse = [](const auto& exchange) {
            if (exchange->request().path.find("sendInitialEvents") == std::string::npos) return false;
            ScriptedApi::json(exchange, status_json(422, "Invalid"), 422);
            return true;
        };
    });
    b.follow();
    CHECK(b.api.requests.wait_for("watch 5") == Words{"watch list", "list", "watch 5"});
    CHECK(b.recorder.told.wait_for("relisted 5") == first_list);
}

TEST_CASE("metadata alone is asked for where that is enough") {
    Bench b;
    auto scope = configmaps();
    scope.metadata_only = true;
    b.follow(scope);
    b.api.requests.wait_for("watch 5");
    Words accepts;
    b.api.on_io([&] { accepts = b.api.accepts; });
    CHECK(accepts == Words{"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                           "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"});
}

TEST_CASE("a slow consumer stops its own watch and nothing else, and loses nothing") {
    Bench b;
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    b.recorder.before_change = [opened] { opened.wait(); };
    b.watching();
    const std::string filling(64 * 1024, 'x');
    const int count = 400;  // 25 MiB, against a window of 4
    b.api.on_io([&] {
        for (int i = 0; i < count; ++i) {
            b.api.streams.back()->write(fmt::format(
                R"({{"type":"ADDED","object":{{"metadata":{{"name":"o","resourceVersion":"{}"}},"data":{{"x":"{}"}}}}}})"
                "\n",
                6 + i, filling));
        }
    });
    // The connection still answers, though the watch's window is full.
    std::promise<int> answered;
    b.api.on_io([&] {
        kube::Call call;
        call.path = "/api/v1/namespaces/n/configmaps";
        b.api.client->send(call, [&](Result<kube::Answer> answer) { answered.set_value(answer ? answer->status : 0); });
    });
    CHECK(answered.get_future().get() == 200);
    std::size_t unsent = 0;
    b.api.on_io([&] { unsent = b.api.streams.back()->unsent(); });
    CHECK(unsent > 16U << 20);
    gate.set_value();
    const auto told = b.recorder.told.wait_for(first_list.size() + count);
    CHECK(told.size() == first_list.size() + count);
    CHECK(told.back() == fmt::format("+o@{}", 5 + count));
}

TEST_CASE("a removed watch is cancelled, and its consumer is not called after the promise") {
    Bench b;
    b.watching();
    std::promise<void> gone;
    b.api.on_io([&] { b.api.streams.back()->on_gone([&] { gone.set_value(); }); });
    std::promise<void> removed;
    b.ingest->remove(b.id, [&] { removed.set_value(); });
    removed.get_future().wait();
    gone.get_future().wait();
    CHECK(b.ingest->health().empty());
    CHECK(b.recorder.told.now() == first_list);
}

TEST_CASE("an Ingest that ends cancels its watches") {
    Bench b;
    b.watching();
    std::promise<void> gone;
    b.api.on_io([&] { b.api.streams.back()->on_gone([&] { gone.set_value(); }); });
    b.ingest.reset();
    gone.get_future().wait();
    CHECK(b.recorder.told.now() == first_list);
}

TEST_CASE("what is posted runs on one thread in its order, what is delayed later") {
    Bench b;
    Notes notes;
    std::thread::id thread;
    b.ingest->after(Milliseconds(20), [&] { notes.add(std::this_thread::get_id() == thread ? "late" : "elsewhere"); });
    b.ingest->after(Milliseconds(5), [&] { notes.add("soon"); });
    b.ingest->post([&] {
        thread = std::this_thread::get_id();
        notes.add("one");
    });
    b.ingest->post([&] { notes.add("two"); });
    CHECK(notes.wait_for("late") == Words{"one", "two", "soon", "late"});
}

TEST_CASE("many watches do not disturb each other") {
    Bench b;
    std::vector<std::unique_ptr<Recorder>> recorders;
    for (int i = 0; i < 20; ++i) {
        recorders.push_back(std::make_unique<Recorder>());
        b.ingest->add(configmaps(), *recorders.back());
    }
    b.api.requests.wait_for(40);
    b.api.on_io([&] {
        for (const auto& stream : b.api.streams) stream->write(event_line("ADDED", "b", 6));
    });
    for (const auto& recorder : recorders) CHECK(recorder->told.wait_for("+b@6") == then(first_list, {"+b@6"}));
    CHECK(b.ingest->health().size() == 20);
}
