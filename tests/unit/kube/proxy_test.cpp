#include "kube/client.hpp"
#include "loopback.hpp"
#include "proxy_server.hpp"
#include "temporary.hpp"

#include <cstdlib>

using namespace moontide;
using namespace moontide::kube;
using namespace std::string_literals;

namespace {

/// What was asked of the server, and what it answers with.
struct Proxied : Loopback {
    using Loopback::Loopback;
    Proxied() : Loopback([](http2::ExchangePtr exchange) { exchange->respond(200, {}, "through"); }) {}

    std::string target() const { return "127.0.0.1:" + std::to_string(server->port()); }

    std::unique_ptr<Client> client(const std::string& proxy_url, ClientOptions options = {}) {
        auto access = Identities::shared().access();
        access.server = "https://" + host + ":" + std::to_string(server->port());
        access.tls_server_name = "localhost";
        access.proxy_url = proxy_url;
        if (no_cluster_authority) {
            access.certificate_authority = {};
            access.insecure_skip_tls_verify = true;
        }
        return Client::create(loop, access, options).value();
    }

    Result<Answer> get(Client& client, Call call = {}) {
        std::optional<Result<Answer>> got;
        if (call.path.empty()) call.path = "/";
        client.send(call, [&](Result<Answer> result) { got = std::move(result); });
        run_until(loop, [&] { return got.has_value(); });
        return std::move(*got);
    }

    Result<Answer> get(const std::string& proxy_url) {
        const auto one = client(proxy_url);
        return get(*one);
    }

    std::string error(const std::string& proxy_url) {
        const auto result = get(proxy_url);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().retry == Retry::later);
        return of_connection(result.error());
    }

    /// Without the request that it happened to.
    std::string of_connection(const Error& error) const {
        const auto request = "GET https://" + host + ":" + std::to_string(server->port()) + "/: ";
        CHECK_THAT(error.message, Catch::StartsWith(request));
        return error.message.substr(request.size());
    }

    std::string host = "127.0.0.1";
    bool no_cluster_authority = false;
};

struct KindOfProxy {
    const char* scheme;
    ProxyRules rules;
};

/// Each kind, its TLS with a certificate of the cluster's authority.
std::vector<KindOfProxy> kinds() {
    ProxyRules tls;
    tls.certificate = &Identities::shared().server;
    ProxyRules socks5;
    socks5.speaks = ProxyRules::Speaks::socks5;
    return {{"http://", {}}, {"https://", tls}, {"socks5://", socks5}, {"socks5h://", socks5}};
}

}  // namespace

TEST_CASE("an API server is reached through a proxy of each kind") {
    Proxied proxied;
    for (const auto& [scheme, rules] : kinds()) {
        INFO(scheme);
        const ProxyServer proxy(rules);
        const auto answer = proxied.get(scheme + proxy.authority()).value();
        CHECK(answer.body == "through");
        CHECK(proxy.targets() == std::vector{proxied.target()});
    }
}

TEST_CASE("the proxy logs us in with the user and password of its URL, and says no to others") {
    Proxied proxied;
    for (auto [scheme, rules] : kinds()) {
        INFO(scheme);
        rules.user = "a@da";
        rules.password = "s:c/ret";
        const ProxyServer proxy(rules);
        CHECK(proxied.get(scheme + "a%40da:s%3Ac%2Fret@"s + proxy.authority()).value().body == "through");
        for (const auto* wrong : {"a%40da:wr0ng@", "", "wr0ng@", "a%40da@"}) {
            const auto message = proxied.error(scheme + (wrong + proxy.authority()));
            INFO(message);
            CHECK_THAT(message, Catch::Contains("user and password"));
            CHECK_THAT(message, Catch::Contains("://" + proxy.authority() + " (proxy-url): "));
            CHECK(message.find("wr0ng") == std::string::npos);
            CHECK(message.find("a@da") == std::string::npos);
        }
    }
}

TEST_CASE("the proxy resolves the API server's name") {
    Proxied proxied;
    proxied.host = "only-the-proxy-knows.test";
    for (const auto& [scheme, rules] : kinds()) {
        INFO(scheme);
        const ProxyServer proxy(rules);
        CHECK(proxied.get(scheme + proxy.authority()).value().body == "through");
        CHECK(proxy.targets() == std::vector{"only-the-proxy-knows.test:" + std::to_string(proxied.server->port())});
    }
}

TEST_CASE("a CONNECT is what the RFC has it to be") {
    Proxied proxied;
    const ProxyServer proxy({});
    proxied.get("http://ada:s%3Acret@" + proxy.authority()).value();
    CHECK(proxy.head() == "CONNECT " + proxied.target() + " HTTP/1.1\r\nHost: " + proxied.target() +
                              "\r\nProxy-Authorization: Basic YWRhOnM6Y3JldA==\r\n\r\n");
}

TEST_CASE("large bodies go through a proxy of each kind, both ways") {
    const std::string down(std::size_t{6} << 20, 'd');
    const std::string up(std::size_t{3} << 20, 'u');
    Proxied proxied(
        [&](http2::ExchangePtr exchange) { exchange->respond(exchange->request().body == up ? 200 : 400, {}, down); });
    for (const auto& [scheme, rules] : kinds()) {
        INFO(scheme);
        const ProxyServer proxy(rules);
        const auto client = proxied.client(scheme + proxy.authority());
        Call call;
        call.method = "POST";
        call.path = "/";
        call.body = up;
        const auto answer = proxied.get(*client, call).value();
        CHECK(answer.status == 200);
        CHECK(answer.body == down);
    }
}

TEST_CASE("a watch stays open through a proxy of each kind, and ends with the proxy") {
    http2::ExchangePtr watch;
    Proxied proxied([&](http2::ExchangePtr exchange) {
        watch = std::move(exchange);
        watch->begin(200, {});
    });
    for (const auto& [scheme, rules] : kinds()) {
        INFO(scheme);
        ProxyServer proxy(rules);
        ClientOptions options;
        options.ping_every = Milliseconds(20);  // and PINGs go through as well
        const auto client = proxied.client(scheme + proxy.authority(), options);
        std::string got;
        std::optional<Error> ended;
        Call call;
        call.path = "/";
        StreamHandler handler;
        handler.on_data = [&](std::string_view bytes) { got += bytes; };
        handler.on_end = [&](std::optional<Error> error) { ended = error.value_or(Error{"ended"}); };
        const auto stream = client->stream(call, handler);
        std::string expected;
        for (const auto* event : {"one\n", "two\n", "three\n"}) {
            run_until(proxied.loop, [&] { return watch != nullptr; });
            bool later = false;
            proxied.loop.after(Milliseconds(30), [&] { later = true; });
            run_until(proxied.loop, [&] { return later; });
            watch->write(event);
            expected += event;
            run_until(proxied.loop, [&] { return got == expected; });
        }
        CHECK_FALSE(ended);
        proxy.close();
        run_until(proxied.loop, [&] { return ended.has_value(); });
        CHECK_THAT(proxied.of_connection(*ended), Catch::StartsWith(proxied.target() + " through proxy "));
        watch.reset();
    }
}

TEST_CASE("a proxy's certificate is verified by its name and authority") {
    Proxied proxied;
    const auto other = CertificateAuthority::make("another authority").value();
    const auto of_other = other.issue_server({"127.0.0.1"}).value();
    const auto elsewhere = Identities::shared().authority.issue_server({"elsewhere.test"}).value();
    const auto expired = Identities::shared().authority.issue_server({"127.0.0.1"}, std::chrono::hours(-1)).value();
    for (const auto* certificate : {&of_other, &elsewhere, &expired}) {
        ProxyRules rules;
        rules.certificate = certificate;
        const ProxyServer proxy(rules);
        // A cluster that is not verified says nothing of its proxy.
        for (const bool insecure : {false, true}) {
            proxied.no_cluster_authority = insecure;
            const auto message = proxied.error("https://ada:pass@" + proxy.authority());
            INFO(message);
            CHECK_THAT(message, Catch::StartsWith("proxy https://" + proxy.authority() +
                                                  " (proxy-url): the certificate is not trusted: "));
            CHECK_THAT(message, Catch::Contains("SSL_CERT_FILE"));
        }
        CHECK(proxy.targets().empty());
    }
}

TEST_CASE("a proxy's certificate may be of the system's roots", "[resolver]") {
    const auto other = CertificateAuthority::make("the system's").value();
    const auto of_other = other.issue_server({"localhost"}).value();
    const Directory directory;
    const auto roots = directory.write("roots.pem", other.certificate_pem());
    REQUIRE(::setenv("SSL_CERT_FILE", roots.c_str(), 1) == 0);
    Proxied proxied;
    ProxyRules rules;
    rules.certificate = &of_other;
    const ProxyServer proxy(rules);
    const auto answer = proxied.get("https://localhost:" + std::to_string(proxy.port()));
    ::unsetenv("SSL_CERT_FILE");
    CHECK(answer.value().body == "through");
}

TEST_CASE("the API server's certificate is verified within the proxy's TLS, and the error is its own") {
    Proxied proxied;
    ProxyRules rules;
    rules.certificate = &Identities::shared().server;
    const ProxyServer proxy(rules);
    auto access = Identities::shared().access();
    access.server = "https://" + proxied.target();
    access.tls_server_name = "elsewhere.test";
    access.proxy_url = "https://" + proxy.authority();
    const auto client = Client::create(proxied.loop, access, {}).value();
    const auto answer = proxied.get(*client);
    REQUIRE_FALSE(answer.has_value());
    CHECK_THAT(answer.error().message, Catch::Contains("the certificate is not trusted: hostname mismatch"));
    CHECK_THAT(proxied.of_connection(answer.error()), Catch::StartsWith(proxied.target() + " through proxy https://"));
    CHECK(answer.error().message.find("SSL_CERT_FILE") == std::string::npos);
}

TEST_CASE("what is wrong with the API server's TLS is said within the proxy's TLS too") {
    Loop loop;
    // A ServerHello without anything in it, which is answered with an alert.
    const ScriptedProxy no_tls({"\x16\x03\x03\x00\x04\x02\x00\x00\x00"s}, ScriptedProxy::Then::wait);
    ProxyRules tls;
    tls.certificate = &Identities::shared().server;
    for (const auto* scheme : {"http://", "https://"}) {
        const ProxyServer proxy(scheme == "https://"s ? tls : ProxyRules{});
        auto access = Identities::shared().access();
        access.server = "https://" + no_tls.authority();
        access.proxy_url = scheme + proxy.authority();
        const auto client = Client::create(loop, access, {}).value();
        std::optional<Result<Answer>> got;
        Call call;
        call.path = "/";
        client->send(call, [&](Result<Answer> result) { got = std::move(result); });
        run_until(loop, [&] { return got.has_value(); });
        REQUIRE_FALSE(got->has_value());
        CHECK_THAT(got->error().message, Catch::EndsWith("TLS handshake: length mismatch"));
    }
}

TEST_CASE("what a proxy refuses is named") {
    Proxied proxied;
    ProxyRules http;
    http.status = "403 Filtered";
    const ProxyServer filter(http);
    CHECK(proxied.error("http://" + filter.authority()) ==
          "proxy http://" + filter.authority() + " (proxy-url): refuses CONNECT " + proxied.target() +
              " with 'HTTP/1.1 403 Filtered': its rules must allow this host and port");
    ProxyRules socks5;
    socks5.speaks = ProxyRules::Speaks::socks5;
    socks5.reply = 5;
    const ProxyServer far(socks5);
    CHECK(proxied.error("socks5://" + far.authority()) ==
          "proxy socks5://" + far.authority() + " (proxy-url): SOCKS5 reply 5 to CONNECT " + proxied.target() +
              ", 'Connection refused': it does not reach the server, or cannot resolve its name");
}

TEST_CASE("a proxy that is not there is an error that names it", "[resolver]") {
    Proxied proxied;
    std::string gone;
    {
        const ProxyServer proxy({});
        gone = proxy.authority();
    }
    for (const auto& [scheme, rules] : kinds()) {
        const auto message = proxied.error(scheme + gone);
        CHECK_THAT(message, Catch::StartsWith("cannot connect to proxy "));
        CHECK_THAT(message, Catch::EndsWith("://" + gone + " (proxy-url): Connection refused"));
    }
    CHECK_THAT(proxied.error("socks5://no-such-host.invalid"),
               Catch::StartsWith("cannot resolve no-such-host.invalid of proxy socks5://no-such-host.invalid:1080"));
}

TEST_CASE("a proxy of another kind than its URL says is an error") {
    Proxied proxied;
    for (const auto& [scheme, rules] : kinds()) {
        for (const auto& [other, others] : kinds()) {
            if (scheme == std::string(other) || std::string(scheme).substr(0, 6) == std::string(other).substr(0, 6))
                continue;
            INFO(scheme << " to one that is " << other);
            auto options = ClientOptions{};
            options.dial_timeout = Milliseconds(100);  // an HTTP proxy may wait for the rest of its line
            const ProxyServer proxy(others);
            const auto client = proxied.client(scheme + proxy.authority(), options);
            const auto answer = proxied.get(*client);
            REQUIRE_FALSE(answer.has_value());
            CHECK_THAT(answer.error().message, Catch::Contains("://" + proxy.authority() + " (proxy-url)"));
        }
    }
}

TEST_CASE("a proxy that closes in the middle is an error at each step") {
    Proxied proxied;
    const std::vector<std::pair<std::string, std::vector<std::string>>> scripts = {
        {"http://", {""}},
        {"http://", {"HTTP/1.1 200 OK\r\n"}},
        {"https://", {""}},
        {"https://", {"\x16\x03\x03"s}},
        {"socks5://", {""}},
        {"socks5://", {"\x05"}},
        {"socks5://", {"\x05\x00"s, ""}},
        {"socks5://", {"\x05\x00"s, "\x05\x00\x00\x03\x09half"s}},
        {"socks5://ada:pass@", {"\x05\x02"s, ""}},
        {"http://", {"HTTP/1.1 200 OK\r\n\r\n", ""}},
        {"socks5://", {"\x05\x00"s, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s, "\x16"}},
    };
    for (const auto& [scheme, answers] : scripts) {
        ScriptedProxy proxy(answers, ScriptedProxy::Then::close);
        const auto message = proxied.error(scheme + proxy.authority());
        INFO(scheme << ": " << message);
        CHECK_THAT(message, Catch::Contains("://" + proxy.authority() + " (proxy-url)"));
        CHECK((message.find("closed the connection") != std::string::npos ||
               message.find("reset by peer") != std::string::npos));
    }
}

TEST_CASE("a proxy that says no more ends with the time for a connection, and the error says what was awaited") {
    Proxied proxied;
    struct Stuck {
        std::string scheme;
        std::vector<std::string> answers;
        std::string awaited;
    };
    const std::vector<Stuck> all = {
        {"http://", {}, "the answer to CONNECT " + proxied.target()},
        {"http://", {"HTTP/1.1 200"}, "the answer to CONNECT " + proxied.target()},
        {"https://", {}, "its side of the TLS handshake"},
        {"socks5://", {}, "the answer to SOCKS5's greeting"},
        {"socks5://", {"\x05"}, "the answer to SOCKS5's greeting"},
        {"socks5://ada:pass@", {"\x05\x02"s}, "the answer to SOCKS5's log-in"},
        {"socks5://", {"\x05\x00"s}, "the SOCKS5 reply to CONNECT " + proxied.target()},
        {"socks5://", {"\x05\x00"s, "\x05\x00\x00\x03\xff"s}, "the SOCKS5 reply to CONNECT " + proxied.target()},
        // The API server's; what a proxy says too early is read when its time has come.
        {"http://", {"HTTP/1.1 200 OK\r\n\r\n"}, ""},
        {"socks5://", {"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s}, ""},
    };
    for (const auto& [scheme, answers, awaited] : all) {
        ScriptedProxy proxy(answers, ScriptedProxy::Then::wait);
        ClientOptions options;
        options.dial_timeout = Milliseconds(50);
        const auto client = proxied.client(scheme + proxy.authority(), options);
        const auto answer = proxied.get(*client);
        REQUIRE_FALSE(answer.has_value());
        CHECK(proxied.of_connection(answer.error()) ==
              "no connection to " + proxied.target() + " within 50 ms: waited for " +
                  (awaited.empty() ? "the TLS handshake with " + proxied.target() + " through proxy " + scheme +
                                         proxy.authority() + " (proxy-url)"
                                   : "proxy " + scheme.substr(0, scheme.find("//") + 2) + proxy.authority() +
                                         " (proxy-url): " + awaited + "; does it speak what its URL says?"));
    }
}

TEST_CASE("a client that goes while a proxy is asked leaves nothing behind") {
    Proxied proxied;
    for (const auto* scheme : {"http://", "https://", "socks5://"}) {
        ScriptedProxy proxy({}, ScriptedProxy::Then::wait);
        const auto client = proxied.client(scheme + proxy.authority());
        Call call;
        call.path = "/";
        client->send(call, [](const Result<Answer>&) { FAIL("answered"); });
        bool later = false;
        proxied.loop.after(Milliseconds(20), [&] { later = true; });
        run_until(proxied.loop, [&] { return later; });
    }
}
