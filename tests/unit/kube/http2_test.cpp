#include "kube/http2.hpp"

#include "loopback.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

using namespace moontide;
using namespace moontide::kube;

namespace {

/// A client beside a Loopback.
struct Pair : Loopback {
    using Loopback::Loopback;

    std::optional<Error> closed;
    std::unique_ptr<http2::Connection> connection;

    http2::Connection& connect(http2::ClientOptions with) {
        connection =
            std::make_unique<http2::Connection>(loop, tls::client_context(Identities::shared().access()).value(),
                                                std::move(with), [this](Error error) { closed = std::move(error); });
        return *connection;
    }
    http2::Connection& connect() { return connect(options()); }

    Outcome get(const std::string& path) {
        Outcome outcome;
        connection->send({"GET", path, {}, {}}, outcome.handler());
        run_until(loop, [&] { return outcome.ended; });
        return outcome;
    }
};

void echo(http2::ExchangePtr exchange) {
    const auto& request = exchange->request();
    exchange->respond(200, {{"x-path", request.path}}, request.method + " " + request.body);
}

}  // namespace

TEST_CASE("many requests at once are answered each with its own") {
    Pair pair(echo);
    auto& connection = pair.connect();
    std::vector<Outcome> outcomes(500);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        connection.send({"POST", "/" + std::to_string(i), {{"a", "b"}}, "body " + std::to_string(i)},
                        outcomes[i].handler());
    }
    CHECK(connection.streams() == 500);
    run_until(pair.loop, [&] { return connection.streams() == 0; });
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        CHECK(outcomes[i].status == 200);
        CHECK(outcomes[i].body == "POST body " + std::to_string(i));
        CHECK(*http2::find(outcomes[i].headers, "x-path") == "/" + std::to_string(i));
        CHECK_FALSE(outcomes[i].error);
    }
}

TEST_CASE("bodies larger than every window arrive whole in both directions") {
    Pair pair(echo);
    auto with = pair.options();
    with.stream_window = 100'000;
    with.connection_window = 100'000;
    auto& connection = pair.connect(with);
    std::string body(6 << 20, 'x');
    for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
    Outcome outcome;
    http2::StreamId id = 0;
    id = connection.send({"PUT", "/", {}, body}, outcome.handler(&connection, &id));
    run_until(pair.loop, [&] { return outcome.ended; });
    CHECK_FALSE(outcome.error);
    CHECK(outcome.body == "PUT " + body);
}

TEST_CASE("a stream that nobody consumes holds up no other") {
    Pair pair([](http2::ExchangePtr exchange) { exchange->respond(200, {}, std::string(3 << 20, 'x')); });
    auto with = pair.options();
    with.stream_window = 1 << 20;
    with.connection_window = 1 << 20;
    auto& connection = pair.connect(with);
    Outcome slow;
    const auto slow_id = connection.send({"GET", "/slow", {}, {}}, slow.handler());
    run_until(pair.loop, [&] { return slow.body.size() == 1 << 20; });
    for (int i = 0; i < 3; ++i) {
        Outcome quick;
        http2::StreamId id = 0;
        id = connection.send({"GET", "/quick", {}, {}}, quick.handler(&connection, &id));
        run_until(pair.loop, [&] { return quick.ended; });
        CHECK(quick.body.size() == 3 << 20);
    }
    CHECK(slow.body.size() == 1 << 20);
    connection.consumed(slow_id, 1 << 20);
    run_until(pair.loop, [&] { return slow.body.size() == 2 << 20; });
}

TEST_CASE("an answer in pieces arrives as it is written, and flow control reaches the writer") {
    http2::ExchangePtr watch;
    Pair pair([&](http2::ExchangePtr exchange) {
        watch = exchange;
        exchange->begin(200, {{"content-type", "application/json"}});
    });
    auto with = pair.options();
    with.stream_window = 100'000;
    auto& connection = pair.connect(with);
    Outcome outcome;
    const auto id = connection.send({"GET", "/watch", {}, {}}, outcome.handler());
    run_until(pair.loop, [&] { return outcome.status == 200; });
    CHECK(outcome.body.empty());
    watch->write("one\n");
    run_until(pair.loop, [&] { return outcome.body == "one\n"; });
    watch->write("two\n");
    run_until(pair.loop, [&] { return outcome.body == "one\ntwo\n"; });
    CHECK(watch->unsent() == 0);
    watch->write(std::string(300'000, 'x'));
    run_until(pair.loop, [&] { return outcome.body.size() == 100'000; });
    CHECK(watch->unsent() == 200'008);
    connection.consumed(id, 100'000);
    run_until(pair.loop, [&] { return outcome.body.size() == 200'000; });
    connection.consumed(id, 100'000);
    watch->end();
    run_until(pair.loop, [&] { return outcome.body.size() == 300'000; });
    CHECK_FALSE(outcome.ended);
    connection.consumed(id, 100'000);
    run_until(pair.loop, [&] { return outcome.ended; });
    CHECK_FALSE(outcome.error);
    CHECK(outcome.body.size() == 300'008);
}

TEST_CASE("a reset in the middle of an answer is an error that may be tried again") {
    Pair pair([](http2::ExchangePtr exchange) {
        exchange->begin(200, {});
        exchange->write("half");
        exchange->reset();
    });
    pair.connect();
    const auto outcome = pair.get("/");
    REQUIRE(outcome.error);
    CHECK(outcome.error->retry == Retry::later);
    CHECK(outcome.error->message.find("INTERNAL_ERROR") != std::string::npos);
    CHECK_FALSE(pair.closed);
}

TEST_CASE("a cancelled stream tells the server, and its handler hears no more") {
    http2::ExchangePtr watch;
    bool gone = false;
    Pair pair([&](http2::ExchangePtr exchange) {
        watch = exchange;
        exchange->begin(200, {});
        exchange->on_gone([&] { gone = true; });
    });
    auto& connection = pair.connect();
    Outcome outcome;
    const auto id = connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(pair.loop, [&] { return outcome.status == 200; });
    connection.cancel(id);
    CHECK(connection.streams() == 0);
    watch->write("too late");
    run_until(pair.loop, [&] { return gone; });
    watch->write("nobody");
    watch->end();
    CHECK_FALSE(outcome.ended);
    CHECK(outcome.body.empty());
}

TEST_CASE("a handler may cancel its own stream and drop the connection") {
    Pair pair([](http2::ExchangePtr exchange) { exchange->respond(200, {}, std::string(1 << 20, 'x')); });
    auto& connection = pair.connect();
    Outcome other;
    connection.send({"GET", "/other", {}, {}}, other.handler());
    bool first = true;
    bool dropped = false;
    http2::StreamId id = 0;
    id = connection.send({"GET", "/", {}, {}}, {nullptr,
                                                [&](std::string_view) {
                                                    REQUIRE(first);
                                                    first = false;
                                                    pair.connection->cancel(id);
                                                    pair.connection.reset();
                                                    dropped = true;
                                                },
                                                [](std::optional<Error>) { FAIL("cancelled, and yet it ended"); }});
    run_until(pair.loop, [&] { return dropped; });
    bool later = false;
    pair.loop.after(Milliseconds(20), [&] { later = true; });
    run_until(pair.loop, [&] { return later; });
    CHECK_FALSE(other.error);
}

TEST_CASE("after a GOAWAY what runs may end, and nothing new is taken") {
    http2::ExchangePtr running;
    Pair pair([&](http2::ExchangePtr exchange) { running = exchange; });
    auto& connection = pair.connect();
    Outcome outcome;
    connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(pair.loop, [&] { return running != nullptr; });
    pair.server->drain();
    run_until(pair.loop, [&] { return pair.closed.has_value(); });
    CHECK(pair.closed->message.find("GOAWAY") != std::string::npos);
    CHECK_FALSE(connection.open());
    CHECK_FALSE(outcome.ended);
    running->respond(200, {}, "late");
    run_until(pair.loop, [&] { return outcome.ended; });
    CHECK_FALSE(outcome.error);
    CHECK(outcome.body == "late");
    const auto refused = pair.get("/");
    REQUIRE(refused.error);
    CHECK(refused.error->retry == Retry::later);
}

TEST_CASE("a server that closes ends its streams with errors") {
    http2::ExchangePtr running;
    bool gone = false;
    Pair pair([&](http2::ExchangePtr exchange) {
        running = exchange;
        exchange->on_gone([&] { gone = true; });
    });
    auto& connection = pair.connect();
    Outcome outcome;
    connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(pair.loop, [&] { return running != nullptr; });
    pair.server->close();
    CHECK(gone);
    run_until(pair.loop, [&] { return outcome.ended; });
    REQUIRE(outcome.error);
    CHECK(outcome.error->retry == Retry::later);
    CHECK(pair.closed);
}

TEST_CASE("close() ends streams soon after, never from within") {
    http2::ExchangePtr running;
    Pair pair([&](http2::ExchangePtr exchange) { running = exchange; });
    auto& connection = pair.connect();
    Outcome outcome;
    connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(pair.loop, [&] { return running != nullptr; });
    connection.close();
    CHECK_FALSE(outcome.ended);
    CHECK_FALSE(connection.open());
    run_until(pair.loop, [&] { return outcome.ended && pair.closed; });
    CHECK(outcome.error);
}

TEST_CASE("a peer that answers no PING is given up") {
    std::mutex mutex;
    std::condition_variable released;
    bool release = false;
    Loopback stuck([&](http2::ExchangePtr) {
        std::unique_lock lock(mutex);
        released.wait(lock, [&] { return release; });
    });
    std::jthread server([&] { stuck.loop.run(); });
    Pair pair(echo);
    auto with = stuck.options();
    with.ping_every = Milliseconds(50);
    with.ping_timeout = Milliseconds(100);
    pair.connect(with);
    const auto outcome = pair.get("/");
    REQUIRE(outcome.error);
    CHECK(outcome.error->message.find("PING") != std::string::npos);
    CHECK(pair.closed);
    {
        const std::scoped_lock lock(mutex);
        release = true;
    }
    released.notify_all();
    stuck.loop.stop();
}

TEST_CASE("a peer that answers PINGs is kept") {
    Pair pair(echo);
    auto with = pair.options();
    with.ping_every = Milliseconds(5);
    with.ping_timeout = Milliseconds(2000);
    pair.connect(with);
    CHECK(pair.get("/").status == 200);
    bool later = false;
    pair.loop.after(Milliseconds(100), [&] { later = true; });
    run_until(pair.loop, [&] { return later; });
    CHECK_FALSE(pair.closed);
    CHECK(pair.get("/").status == 200);
}

TEST_CASE("a refused dial is an error that names the place") {
    Pair pair(echo);
    const auto options = pair.options();
    pair.server.reset();
    pair.connect(options);
    const auto outcome = pair.get("/");
    REQUIRE(outcome.error);
    CHECK(outcome.error->retry == Retry::later);
    CHECK(outcome.error->message ==
          "cannot connect to 127.0.0.1:" + std::to_string(options.port) + ": Connection refused");
    CHECK(pair.closed);
}

TEST_CASE("a dial without an answer ends at its time limit") {
    // A listener whose backlog nobody empties: TCP connects, TLS hears nothing.
    Loopback silent(echo);
    Pair pair(echo);
    auto with = silent.options();
    with.dial_timeout = Milliseconds(50);
    pair.connect(with);
    const auto outcome = pair.get("/");
    REQUIRE(outcome.error);
    CHECK(outcome.error->message.find("within 50 ms") != std::string::npos);
}

TEST_CASE("names are resolved, and certificates are checked against the name", "[resolver]") {
    Pair pair(echo);
    auto with = pair.options();
    with.host = "localhost";
    pair.connect(with);
    CHECK(pair.get("/").status == 200);

    with.server_name = "elsewhere.example";
    pair.connect(with);
    const auto mistaken = pair.get("/");
    REQUIRE(mistaken.error);
    CHECK(mistaken.error->message.find("hostname mismatch") != std::string::npos);

    with.verify = false;
    pair.connect(with);
    CHECK(pair.get("/").status == 200);

    with.host = "no-such-host.invalid";
    pair.connect(with);
    const auto unknown = pair.get("/");
    REQUIRE(unknown.error);
    CHECK(unknown.error->message.find("cannot resolve no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a server is reached over IPv6") {
    Loop loop;
    const auto server = http2::Server::listen(loop, Identities::shared().server_context(), "::1", 0, echo);
    if (!server) {
        WARN("no IPv6 here: " << server.error().message);
        return;
    }
    http2::ClientOptions options;
    options.host = "::1";
    options.port = (*server)->port();
    http2::Connection connection(loop, tls::client_context(Identities::shared().access()).value(), options,
                                 [](Error) {});
    Outcome outcome;
    connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(loop, [&] { return outcome.ended; });
    CHECK(outcome.status == 200);
}

TEST_CASE("a server that chooses no h2 is turned down") {
    Loop loop;
    const auto context = Identities::shared().server_context();
    SSL_CTX_set_alpn_select_cb(context.get(), nullptr, nullptr);
    const auto server = http2::Server::listen(loop, context, "127.0.0.1", 0, echo).value();
    http2::ClientOptions options;
    options.host = "127.0.0.1";
    options.port = server->port();
    http2::Connection connection(loop, tls::client_context(Identities::shared().access()).value(), options,
                                 [](Error) {});
    Outcome outcome;
    connection.send({"GET", "/", {}, {}}, outcome.handler());
    run_until(loop, [&] { return outcome.ended; });
    REQUIRE(outcome.error);
    CHECK_THAT(outcome.error->message, Catch::Contains("does not speak HTTP/2"));
}

TEST_CASE("certificates that have expired or are of another authority are turned down") {
    const auto other = CertificateAuthority::make("another").value();
    const auto expired = Identities::shared().authority.issue_server({"127.0.0.1"}, std::chrono::hours(-1)).value();
    const auto foreign = other.issue_server({"127.0.0.1"}).value();
    for (const auto& [certificate, message] : {std::pair(expired, "certificate has expired"),
                                               std::pair(foreign, "unable to get local issuer certificate")}) {
        Loop loop;
        const auto server =
            http2::Server::listen(loop,
                                  tls::server_context({certificate.certificate_pem, certificate.key_pem, {}}).value(),
                                  "127.0.0.1", 0, echo)
                .value();
        http2::ClientOptions options;
        options.host = "127.0.0.1";
        options.port = server->port();
        http2::Connection connection(loop, tls::client_context(Identities::shared().access()).value(), options,
                                     [](Error) {});
        Outcome outcome;
        connection.send({"GET", "/", {}, {}}, outcome.handler());
        run_until(loop, [&] { return outcome.ended; });
        REQUIRE(outcome.error);
        CHECK_THAT(outcome.error->message, Catch::Contains(message));
    }
}

TEST_CASE("a request's body above the limit is answered with 413") {
    http2::ServerOptions limited;
    limited.body_limit = 1000;
    Pair pair(echo, limited);
    auto& connection = pair.connect();
    Outcome outcome;
    connection.send({"POST", "/", {}, std::string(5 << 20, 'x')}, outcome.handler());
    run_until(pair.loop, [&] { return outcome.ended; });
    CHECK(outcome.status == 413);
    CHECK_FALSE(outcome.error);
    CHECK(pair.get("/").status == 200);
}

TEST_CASE("headers above the limit are answered with 431") {
    Pair pair(echo);
    auto& connection = pair.connect();
    http2::Headers many;
    for (int i = 0; i < 48; ++i) many.emplace_back("x-" + std::to_string(i), std::string(3000, 'x'));
    Outcome outcome;
    connection.send({"GET", "/", many, {}}, outcome.handler());
    run_until(pair.loop, [&] { return outcome.ended; });
    INFO((outcome.error ? outcome.error->message : std::string()));
    CHECK(outcome.status == 431);
}

TEST_CASE("streams above the server's limit wait for their turn") {
    http2::ServerOptions limited;
    limited.streams_per_connection = 2;
    std::vector<http2::ExchangePtr> running;
    Pair pair([&](http2::ExchangePtr exchange) { running.push_back(exchange); }, limited);
    auto& connection = pair.connect();
    Outcome first;
    connection.send({"GET", "/first", {}, {}}, first.handler());
    run_until(pair.loop, [&] { return running.size() == 1; });
    std::vector<Outcome> others(2);
    for (auto& other : others) connection.send({"GET", "/other", {}, {}}, other.handler());
    run_until(pair.loop, [&] { return running.size() == 2; });
    running[0]->respond(200, {}, "");
    run_until(pair.loop, [&] { return running.size() == 3; });
    running[1]->respond(200, {}, "");
    running[2]->respond(200, {}, "");
    run_until(pair.loop, [&] { return connection.streams() == 0; });
    for (const auto& other : others) CHECK(other.status == 200);
}

TEST_CASE("the server knows the client by its certificate") {
    std::string name;
    std::vector<std::string> groups;
    Pair pair([&](http2::ExchangePtr exchange) {
        name = exchange->client_common_name();
        groups = exchange->client_organisations();
        exchange->respond(200, {}, "");
    });
    pair.connect();
    pair.get("/");
    CHECK(name.empty());

    const auto client = Identities::shared().authority.issue_client("ada", {"blue", "red"}).value();
    auto access = Identities::shared().access();
    access.client_certificate.inline_pem = client.certificate_pem;
    access.client_key.inline_pem = client.key_pem;
    pair.connection = std::make_unique<http2::Connection>(pair.loop, tls::client_context(access).value(),
                                                          pair.options(), [](Error) {});
    pair.get("/");
    CHECK(name == "ada");
    CHECK(groups == std::vector<std::string>{"blue", "red"});
}
