#include "kube/connection_url.hpp"
#include "kube/proxy.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::kube;
using namespace std::string_literals;

namespace {

std::string chosen(const std::string& configured, const ProxyEnvironment& environment, std::string_view host) {
    const auto proxy = proxy_for(configured, environment, host).value();
    return proxy ? proxy->host + ":" + std::to_string(proxy->port) : "none";
}

}  // namespace

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
    CHECK(chosen("", {"https://env", ""}, "far.org") == "env:443");
    CHECK(chosen("", {"ada:pass@env:8080", ""}, "far.org") == "env:8080");
}

TEST_CASE("each kind of proxy has its port, and a name without user and password") {
    const auto name = [](const std::string& url) { return proxy_for(url, {}, "far.org").value()->name(); };
    CHECK(name("http://ada:pass@p") == "proxy http://p:80 (proxy-url)");
    CHECK(name("HTTPS://ada:pass@p") == "proxy https://p:443 (proxy-url)");
    CHECK(name("socks5://ada:pass@p") == "proxy socks5://p:1080 (proxy-url)");
    CHECK(name("socks5h://[fd00::1]:99/") == "proxy socks5://[fd00::1]:99 (proxy-url)");
    CHECK(proxy_for("", {"https://p", ""}, "far.org").value()->name() == "proxy https://p:443 (HTTPS_PROXY)");
    const auto proxy = proxy_for("socks5://a%40da:p%3A%2Fss%25@p", {}, "far.org").value();
    CHECK(proxy->user == "a@da");
    CHECK(proxy->password == "p:/ss%");
}

TEST_CASE("a proxy's URL that is wrong is an error that shows neither user nor password") {
    for (const auto& bad :
         {"ada:s3cret@p:3128"s, "ftp://ada:s3cret@p"s, "http://ada:s3cret@"s, "http://ada:s3cret@p:x"s,
          "http://ada:s3cret/x@p"s, "http://ada:s3cret?x@p"s, "http://ada/s3cret@p"s, "http://ada:s3cret@[::1"s,
          "http://ada:s3cret@p q"s, "http://ada:s3cret@p\r\nX: y"s, "http://:s3cret@p"s, "s3cret@p://x"s,
          "socks5://ada:s3cret"s + std::string(250, 'x') + "@p"}) {
        INFO(bad);
        const auto proxy = proxy_for(bad, {}, "far.org");
        REQUIRE_FALSE(proxy.has_value());
        INFO(proxy.error().message);
        CHECK(proxy.error().message.starts_with("proxy-url"));
        CHECK(proxy.error().message.find("s3cret") == std::string::npos);
        CHECK(proxy.error().retry == Retry::never);
    }
    CHECK_THAT(proxy_for("ftp://p", {}, "far.org").error().message,
               Catch::Contains("http://, https://, socks5:// or socks5h://"));
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
