#include "kube/proxy.hpp"

#include "kube/client.hpp"
#include "kube/connection_url.hpp"
#include "loopback.hpp"

#include <array>
#include <thread>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace moontide;
using namespace moontide::kube;

namespace {

int connected_to(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return descriptor;
}

/// A proxy for one connection: reads a CONNECT, says `reply`, and where that is a yes carries bytes to `target`.
class ProxyServer {
public:
    ProxyServer(std::string reply, std::uint16_t target) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        thread_ = std::jthread([this, reply = std::move(reply), target] { run(reply, target); });
    }
    ProxyServer(const ProxyServer&) = delete;
    ProxyServer& operator=(const ProxyServer&) = delete;
    ~ProxyServer() {
        thread_.join();
        ::close(listener_);
    }

    std::uint16_t port = 0;
    std::string request;  ///< to be read once the client is done

private:
    void run(const std::string& reply, std::uint16_t target) {
        const int client = ::accept(listener_, nullptr, nullptr);
        while (request.find("\r\n\r\n") == std::string::npos) {
            char c = 0;
            if (::recv(client, &c, 1, 0) != 1) break;
            request += c;
        }
        // In two parts, as a slow network has it.
        ::send(client, reply.data(), reply.size() / 2, MSG_NOSIGNAL);
        ::send(client, reply.data() + reply.size() / 2, reply.size() - reply.size() / 2, MSG_NOSIGNAL);
        if (reply.find(" 200 ") != std::string::npos) {
            const int server = connected_to(target);
            while (carry(client, server)) {
            }
            ::close(server);
        }
        ::close(client);
    }

    static bool carry(int one, int other) {
        std::array<pollfd, 2> ends{{{one, POLLIN, 0}, {other, POLLIN, 0}}};
        ::poll(ends.data(), ends.size(), -1);
        for (int i = 0; i < 2; ++i) {
            if (ends[i].revents == 0) continue;
            std::array<char, 4096> buffer;
            const auto got = ::recv(ends[i].fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) return false;
            ::send(ends[1 - i].fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        }
        return true;
    }

    int listener_ = -1;
    std::jthread thread_;
};

struct Proxied : Loopback {
    Proxied() : Loopback([](http2::ExchangePtr exchange) { exchange->respond(200, {}, "through"); }) {}

    Result<Answer> get(const std::string& proxy_url) {
        auto access = Identities::shared().access();
        access.server = "https://127.0.0.1:" + std::to_string(server->port());
        access.proxy_url = proxy_url;
        const auto client = Client::create(loop, access, {}).value();
        std::optional<Result<Answer>> got;
        Call call;
        call.path = "/";
        client->send(call, [&](Result<Answer> result) { got = std::move(result); });
        run_until(loop, [&] { return got.has_value(); });
        return std::move(*got);
    }
};

std::string chosen(const std::string& configured, const ProxyEnvironment& environment, std::string_view host) {
    const auto proxy = proxy_for(configured, environment, host).value();
    return proxy ? proxy->host + ":" + std::to_string(proxy->port) : "none";
}

}  // namespace

TEST_CASE("an API server is reached through a proxy's CONNECT") {
    Proxied proxied;
    ProxyServer proxy("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n", proxied.server->port());
    const auto answer = proxied.get("http://ada:s%3Acret@127.0.0.1:" + std::to_string(proxy.port)).value();
    CHECK(answer.body == "through");
    const auto target = "127.0.0.1:" + std::to_string(proxied.server->port());
    CHECK(proxy.request == "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                               "\r\nProxy-Authorization: Basic YWRhOnM6Y3JldA==\r\n\r\n");
}

TEST_CASE("a proxy that says no is quoted") {
    Proxied proxied;
    ProxyServer proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 0);
    const auto answer = proxied.get("http://127.0.0.1:" + std::to_string(proxy.port));
    REQUIRE_FALSE(answer.has_value());
    CHECK_THAT(answer.error().message, Catch::Contains("407 Proxy Authentication Required"));
    CHECK_THAT(answer.error().message, Catch::Contains("proxy 127.0.0.1:" + std::to_string(proxy.port)));
    CHECK(answer.error().retry == Retry::later);
}

TEST_CASE("a proxy that closes without an answer is an error") {
    Proxied proxied;
    ProxyServer proxy("", 0);
    const auto answer = proxied.get("http://127.0.0.1:" + std::to_string(proxy.port));
    REQUIRE_FALSE(answer.has_value());
    CHECK_THAT(answer.error().message, Catch::Contains("proxy"));
}

TEST_CASE("which proxy is used") {
    const ProxyEnvironment environment{"http://env:8080", "example.com,.internal,10.0.0.0/8,192.168.1.1,fd00::/8"};
    CHECK(chosen("http://mine:3128", environment, "10.1.2.3") == "mine:3128");
    CHECK(chosen("", environment, "far.org") == "env:8080");
    CHECK(chosen("", {"env:8080", ""}, "far.org") == "env:8080");
    CHECK(chosen("", {"", ""}, "far.org") == "none");
    CHECK(chosen("", environment, "example.com") == "none");
    CHECK(chosen("", environment, "api.example.com") == "none");
    CHECK(chosen("", environment, "notexample.com") == "env:8080");
    CHECK(chosen("", environment, "a.internal") == "none");
    CHECK(chosen("", environment, "10.1.2.3") == "none");
    CHECK(chosen("", environment, "11.1.2.3") == "env:8080");
    CHECK(chosen("", environment, "192.168.1.1") == "none");
    CHECK(chosen("", environment, "fd12::1") == "none");
    CHECK(chosen("", environment, "fe80::1") == "env:8080");
    CHECK(chosen("", {"http://env", "a, *"}, "far.org") == "none");
    CHECK(chosen("", environment, "localhost") == "none");
    CHECK(chosen("", environment, "127.0.0.1") == "none");
    CHECK(chosen("", environment, "::1") == "none");
    CHECK_FALSE(proxy_for("socks5://x", {}, "far.org").has_value());
    CHECK_FALSE(proxy_for("", {"https://x", ""}, "far.org").has_value());
}

TEST_CASE("URLs are taken apart") {
    const auto url = parse_url("HTTPS://ada:p%40ss@[fd00::1]:6443/a/b/").value();
    CHECK(url.scheme == "https");
    CHECK(url.user == "ada");
    CHECK(url.password == "p@ss");
    CHECK(url.host == "fd00::1");
    CHECK(url.port == 6443);
    CHECK(url.path == "/a/b");
    CHECK(url.authority() == "[fd00::1]:6443");
    CHECK(parse_url("https://h").value().authority() == "h:443");
    CHECK(parse_url("http://h:/").value().port == 80);
    for (const auto* bad : {"", "h", "h:80", "ftp://h", "https://", "https://:80", "https://[::1", "https://[::1]x",
                            "https://h:0", "https://h:65536", "https://h:8x", "https://h?a", "https://h/a#b"}) {
        INFO(bad);
        CHECK_FALSE(parse_url(bad).has_value());
    }
}
