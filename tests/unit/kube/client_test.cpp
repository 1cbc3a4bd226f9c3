#include "kube/client.hpp"

#include "loopback.hpp"
#include "temporary.hpp"

#include <map>
#include <vector>

using namespace moontide;
using namespace moontide::kube;

namespace {

/// A Client beside a server.
struct Bench : Loopback {
    std::vector<int> statuses;  // as on_answer tells them
    std::unique_ptr<Client> client;

    explicit Bench(std::function<void(http2::ExchangePtr)> with, http2::ServerOptions options = {})
        : Loopback(std::move(with), options) {}

    Access access() const {
        auto access = Identities::shared().access();
        access.server = "https://127.0.0.1:" + std::to_string(server->port());
        return access;
    }

    Client& connect(Access with, ClientOptions options = {}) {
        options.on_answer = [this](std::string_view, std::string_view, int status, Milliseconds) {
            statuses.push_back(status);
        };
        client = Client::create(loop, std::move(with), std::move(options)).value();
        return *client;
    }
    Client& connect() { return connect(access()); }

    Result<Answer> send(Call call) {
        std::optional<Result<Answer>> got;
        client->send(std::move(call), [&](Result<Answer> result) {
            REQUIRE_FALSE(got.has_value());
            got = std::move(result);
        });
        REQUIRE_FALSE(got.has_value());
        run_until(loop, [&] { return got.has_value(); });
        return std::move(*got);
    }
    Result<Answer> get(const std::string& path) {
        Call call;
        call.path = path;
        return send(std::move(call));
    }
    Result<std::optional<Resource>> resolve(const Kind& kind) {
        std::optional<Result<std::optional<Resource>>> got;
        client->resolve(kind, [&](Result<std::optional<Resource>> resource) { got = std::move(resource); });
        REQUIRE_FALSE(got.has_value());
        run_until(loop, [&] { return got.has_value(); });
        return std::move(*got);
    }
};

Call root() {
    Call call;
    call.path = "/";
    return call;
}

/// What a stream brought.
struct Watched {
    int status = 0;
    std::string body;
    bool ended = false;
    std::optional<Error> error;

    StreamHandler handler() {
        return {[this](int got, http2::Headers) { status = got; }, [this](std::string_view chunk) { body += chunk; },
                [this](std::optional<Error> with) {
                    ended = true;
                    error = std::move(with);
                }};
    }
};

const std::string& header(const http2::ExchangePtr& exchange, std::string_view name) {
    static const std::string none = "(none)";
    const auto* value = http2::find(exchange->request().headers, name);
    return value != nullptr ? *value : none;
}

/// 200 for one bearer token, 401 for all others.
std::function<void(http2::ExchangePtr)> only(const std::string& token, int* asked = nullptr) {
    return [token, asked](http2::ExchangePtr exchange) {
        if (asked != nullptr) ++*asked;
        exchange->respond(header(exchange, "authorization") == "Bearer " + token ? 200 : 401, {}, "");
    };
}

}  // namespace

TEST_CASE("a call goes below the server's prefix and says who asks") {
    Bench bench([](http2::ExchangePtr exchange) {
        const auto& request = exchange->request();
        std::string groups;
        for (const auto& [name, value] : request.headers) groups += name == "impersonate-group" ? value + "," : "";
        exchange->respond(201, {{"x-kind", "test"}},
                          request.method + " " + request.path + " " + header(exchange, "user-agent") + " " +
                              header(exchange, "content-type") + " " + header(exchange, "accept") + " " +
                              header(exchange, "impersonate-user") + " " + groups + " " +
                              header(exchange, "accept-encoding") + " " + request.body);
    });
    auto access = bench.access();
    access.server += "/prefix/";
    access.impersonate_user = "bob";
    access.impersonate_groups = {"one", "two"};
    ClientOptions options;
    options.user_agent = "moontide/1";
    bench.connect(access, options);
    const auto answer = bench.send({"POST", "/api/v1/x?a=b", "application/json", "text/plain", "{}"}).value();
    CHECK(answer.status == 201);
    CHECK(answer.body == "POST /prefix/api/v1/x?a=b moontide/1 application/json text/plain bob one,two, (none) {}");
    CHECK(*http2::find(answer.headers, "x-kind") == "test");
    CHECK(bench.statuses == std::vector<int>{201});
    CHECK(bench.client->host() == "127.0.0.1:" + std::to_string(bench.server->port()));
}

TEST_CASE("a call without an answer in time is an error, and its stream is cancelled") {
    bool gone = false;
    http2::ExchangePtr held;
    Bench bench([&](http2::ExchangePtr exchange) {
        held = exchange;
        exchange->on_gone([&] { gone = true; });
    });
    bench.connect();
    Call call;
    call.path = "/slow?timeoutSeconds=307";
    call.timeout = Milliseconds(30);
    const auto answer = bench.send(call);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().message == "GET https://" + bench.client->host() + "/slow: no answer within 30 ms");
    CHECK(answer.error().retry == Retry::later);
    run_until(bench.loop, [&] { return gone; });
    CHECK(bench.statuses == std::vector<int>{0});
}

TEST_CASE("a stream brings its pieces, outlives its timeout, and is cancelled when dropped") {
    http2::ExchangePtr watch;
    bool gone = false;
    Bench bench([&](http2::ExchangePtr exchange) {
        watch = exchange;
        exchange->on_gone([&] { gone = true; });
        exchange->begin(200, {});
    });
    bench.connect();
    Watched watched;
    Call call;
    call.path = "/watch";
    call.timeout = Milliseconds(1000);
    auto stream = bench.client->stream(call, watched.handler());
    run_until(bench.loop, [&] { return watched.status == 200; });
    watch->write(std::string(5 << 20, 'x'));
    run_until(bench.loop, [&] { return watched.body.size() == 4 << 20; });
    stream->consumed(4 << 20);
    run_until(bench.loop, [&] { return watched.body.size() == 5 << 20; });
    bool later = false;
    bench.loop.after(Milliseconds(1100), [&] { later = true; });
    run_until(bench.loop, [&] { return later; });
    CHECK_FALSE(watched.ended);
    stream.reset();
    run_until(bench.loop, [&] { return gone; });
    CHECK_FALSE(watched.ended);
    CHECK(bench.statuses == std::vector<int>{200});
}

TEST_CASE("a stream's end and its reset are told apart") {
    std::vector<http2::ExchangePtr> watches;
    Bench bench([&](http2::ExchangePtr exchange) {
        watches.push_back(exchange);
        exchange->begin(200, {});
    });
    bench.connect();
    Watched one;
    Watched other;
    const auto first = bench.client->stream(root(), one.handler());
    run_until(bench.loop, [&] { return one.status == 200; });
    const auto second = bench.client->stream(root(), other.handler());
    run_until(bench.loop, [&] { return other.status == 200; });
    watches[0]->end();
    watches[1]->reset();
    run_until(bench.loop, [&] { return one.ended && other.ended; });
    CHECK_FALSE(one.error);
    REQUIRE(other.error);
    CHECK(other.error->retry == Retry::later);
    bench.client.reset();
}

TEST_CASE("a stream's handler may drop the stream and the client") {
    Bench bench([](http2::ExchangePtr exchange) { exchange->respond(200, {}, std::string(1 << 20, 'x')); });
    bench.connect();
    std::unique_ptr<Stream> stream;
    bool dropped = false;
    stream = bench.client->stream(root(), {nullptr,
                                           [&](std::string_view) {
                                               REQUIRE_FALSE(dropped);
                                               stream.reset();
                                               bench.client.reset();
                                               dropped = true;
                                           },
                                           [](std::optional<Error>) { FAIL("dropped, and yet it ended"); }});
    run_until(bench.loop, [&] { return dropped; });
}

TEST_CASE("watches spread over connections, so that a server's limit holds none up") {
    http2::ServerOptions limited;
    limited.streams_per_connection = 2;
    std::vector<http2::ExchangePtr> watches;
    Bench bench(
        [&](http2::ExchangePtr exchange) {
            watches.push_back(exchange);
            exchange->begin(200, {});
        },
        limited);
    ClientOptions options;
    options.watches_per_connection = 2;
    bench.connect(bench.access(), options);
    std::vector<Watched> watched(7);
    std::vector<std::unique_ptr<Stream>> streams;
    for (auto& one : watched) streams.push_back(bench.client->stream(root(), one.handler()));
    run_until(bench.loop, [&] { return watches.size() == 7; });
    bench.client.reset();
}

TEST_CASE("after a dial that failed there is a rest, in which calls fail at once") {
    Bench bench([](http2::ExchangePtr exchange) { exchange->respond(200, {}, ""); });
    const auto access = bench.access();
    const auto port = bench.server->port();
    bench.server.reset();
    ClientOptions options;
    options.redial_after = std::chrono::hours(1);
    bench.connect(access, options);
    const auto refused = bench.get("/");
    REQUIRE_FALSE(refused.has_value());
    bench.restart(port);
    const auto resting = bench.get("/");
    REQUIRE_FALSE(resting.has_value());
    CHECK(resting.error().retry == Retry::later);
    CHECK(resting.error().message == refused.error().message);
}

TEST_CASE("a server that comes back is found") {
    Bench bench([](http2::ExchangePtr exchange) { exchange->respond(200, {}, ""); });
    bench.connect();
    const auto port = bench.server->port();
    CHECK(bench.get("/")->status == 200);
    bench.server.reset();
    int failures = 0;
    for (int i = 0; i < 5; ++i) {
        const auto answer = bench.get("/");
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().retry == Retry::later);
        failures += answer.error().message.find("Connection refused") != std::string::npos ? 1 : 0;
    }
    CHECK(failures >= 4);  // the first may meet the connection as it ends
    bench.restart(port);
    bool back = false;
    std::function<void()> ask = [&] {
        bench.client->send(root(), [&](Result<Answer> answer) {
            back = answer.has_value();
            if (!back) bench.loop.after(Milliseconds(20), ask);
        });
    };
    ask();
    run_until(bench.loop, [&] { return back; });
}

TEST_CASE("after a GOAWAY the next call dials anew") {
    Bench bench([](http2::ExchangePtr exchange) { exchange->respond(200, {}, ""); });
    bench.connect();
    for (int i = 0; i < 3; ++i) {
        CHECK(bench.get("/")->status == 200);
        bench.server->drain();
        bool later = false;
        bench.loop.after(Milliseconds(10), [&] { later = true; });
        run_until(bench.loop, [&] { return later; });
    }
}

TEST_CASE("a 401 reads the token's file again and is tried once more") {
    const Directory directory;
    int asked = 0;
    Bench bench(only("new", &asked));
    auto access = bench.access();
    access.token_file = directory.write("token", "old\n");
    bench.connect(access);
    CHECK(bench.get("/")->status == 401);
    CHECK(asked == 2);
    directory.write("token", "new\n");
    CHECK(bench.get("/")->status == 200);
    CHECK(asked == 4);
    CHECK(bench.get("/")->status == 200);
    CHECK(asked == 5);

    bench.answer = only("newer");
    directory.write("token", "newer");
    Watched watched;
    const auto stream = bench.client->stream(root(), watched.handler());
    run_until(bench.loop, [&] { return watched.ended; });
    CHECK(watched.status == 200);
    bench.client.reset();
}

TEST_CASE("a token's file is read again by itself, and a broken one leaves the last token in use") {
    const Directory directory;
    Bench bench([](http2::ExchangePtr exchange) { exchange->respond(200, {}, header(exchange, "authorization")); });
    auto access = bench.access();
    access.token_file = directory.write("token", "one\n");
    ClientOptions options;
    options.credentials.token_file_age = Milliseconds(0);
    bench.connect(access, options);
    CHECK(bench.get("/")->body == "Bearer one");
    directory.write("token", "two\n");
    CHECK(bench.get("/")->body == "Bearer two");
    directory.write("token", "");
    CHECK(bench.get("/")->body == "Bearer two");
    std::filesystem::remove(access.token_file);
    CHECK(bench.get("/")->body == "Bearer two");
    directory.write("token", "three\n");
    CHECK(bench.get("/")->body == "Bearer three");
}

TEST_CASE("a token's file that never was readable is an error that names it") {
    Bench bench(only("x"));
    auto access = bench.access();
    access.token_file = "/nowhere/token";
    bench.connect(access);
    const auto answer = bench.get("/");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().message.find("/nowhere/token") != std::string::npos);
}

TEST_CASE("credentials that cannot change are refused once") {
    int asked = 0;
    Bench bench(only("other", &asked));
    auto access = bench.access();
    access.token = "mine";
    bench.connect(access);
    CHECK(bench.get("/")->status == 401);
    CHECK(asked == 1);

    bench.answer = [](http2::ExchangePtr exchange) { exchange->respond(200, {}, header(exchange, "authorization")); };
    access = bench.access();
    access.username = "Aladdin";
    access.password = "open sesame";
    bench.connect(access);
    CHECK(bench.get("/")->body == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_CASE("a client certificate that was replaced counts from the next dial, and a 401 dials") {
    const Directory directory;
    const auto issue = [&](const std::string& name) {
        const auto issued = Identities::shared().authority.issue_client(name).value();
        directory.write("tls.crt", issued.certificate_pem);
        directory.write("tls.key", issued.key_pem);
    };
    issue("old");
    Bench bench([](http2::ExchangePtr exchange) {
        const auto name = exchange->client_common_name();
        exchange->respond(name == "new" ? 200 : 401, {}, name);
    });
    auto access = bench.access();
    access.client_certificate.file = directory.path() + "/tls.crt";
    access.client_key.file = directory.path() + "/tls.key";
    bench.connect(access);
    issue("new");
    CHECK(bench.get("/")->body == "new");
    issue("old");
    CHECK(bench.get("/")->body == "new");
    bench.connect(access);
    CHECK(bench.get("/")->status == 401);
    issue("new");
    CHECK(bench.get("/")->status == 401);  // asked again only after a rest
}

TEST_CASE("the server's time is compared with ours") {
    const auto hour_ahead = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + 3600;
    std::tm time{};
    ::gmtime_r(&hour_ahead, &time);
    char date[64];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &time);
    Bench bench([&](http2::ExchangePtr exchange) { exchange->respond(200, {{"date", date}}, ""); });
    bench.connect();
    bench.get("/").value();
    CHECK(std::abs(bench.client->server_time_offset().count() - 3600) <= 2);
}

TEST_CASE("a client that ends calls nobody") {
    http2::ExchangePtr held;
    Bench bench([&](http2::ExchangePtr exchange) { held = exchange; });
    bench.connect();
    bench.client->send(root(), [](Result<Answer>) { FAIL("the client has gone"); });
    Watched watched;
    const auto stream = bench.client->stream(root(), watched.handler());
    run_until(bench.loop, [&] { return held != nullptr; });
    bench.client->send(root(), [](Result<Answer>) { FAIL("the client has gone"); });
    bench.client.reset();
    stream->consumed(1);
    bool later = false;
    bench.loop.after(Milliseconds(10), [&] { later = true; });
    run_until(bench.loop, [&] { return later; });
    CHECK_FALSE(watched.ended);
}

TEST_CASE("what is wrong with the access is said at once") {
    Loop loop;
    Access access;
    access.server = "http://h";
    CHECK(Client::create(loop, access, {}).error().message.find("https://") != std::string::npos);
    access.server = "https://h";
    access.certificate_authority.file = "/nowhere/ca.crt";
    CHECK(Client::create(loop, access, {}).error().message.find("/nowhere/ca.crt") != std::string::npos);
    access.certificate_authority = {"no pem", {}};
    CHECK(Client::create(loop, access, {}).error().message ==
          "the inline certificate authority: holds no PEM certificate");
    access.certificate_authority = {};
    access.proxy_url = "ftp://proxy";
    CHECK(Client::create(loop, access, {}).error().message.find("proxy-url") != std::string::npos);
}

TEST_CASE("a kind is found by asking for its own group and version") {
    std::map<std::string, int> asked;
    std::string crontabs = R"({"kind":"Status","code":404})";
    int status = 404;
    Bench bench([&](http2::ExchangePtr exchange) {
        const auto& path = exchange->request().path;
        ++asked[path];
        if (path == "/api/v1") {
            exchange->respond(200, {},
                              R"({"resources":[{"name":"nodes/status","kind":"Node"},)"
                              R"({"name":"nodes","namespaced":false,"kind":"Node"}]})");
        } else {
            exchange->respond(status, {}, crontabs);
        }
    });
    bench.connect();
    const Kind kind{"stable.example.com/v1", "CronTab"};
    CHECK_FALSE(bench.resolve(kind).value());
    status = 503;
    CHECK_FALSE(bench.resolve(kind));
    status = 200;
    crontabs = "surprise";
    CHECK_FALSE(bench.resolve(kind));
    crontabs = R"({"resources":[{"name":"crontabs","namespaced":true,"kind":"CronTab"},{"name":"crontabs/scale"}]})";
    const auto found = bench.resolve(kind).value();
    CHECK(found == Resource{kind, "crontabs", true, false});
    CHECK(bench.resolve(kind).value() == found);
    CHECK(asked["/apis/stable.example.com/v1"] == 4);
    CHECK_FALSE(bench.resolve({"stable.example.com/v1", "Other"}).value());
    CHECK(bench.resolve({"v1", "Node"}).value() == Resource{{"v1", "Node"}, "nodes", false, true});
    CHECK(bench.resolve({"v1", "ConfigMap"}).value()->plural == "configmaps");
    CHECK(asked["/api/v1"] == 1);
}
