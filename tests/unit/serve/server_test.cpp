#include "serve/server.hpp"

#include "serve/pages.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <httplib.h>

using namespace moontide;

namespace {

struct Served {
    std::vector<serve::Failing> failing;
    std::string confirmed;
    std::unique_ptr<serve::Server> server;

    Served() {
        std::vector<serve::Route> routes{
            serve::metrics_page([] { return std::string("moontide_copies 1\n"); }),
            serve::health_page(),
            serve::ready_page([this] { return failing; }),
            serve::confirm_page(
                [this](const std::string& plan) {
                    if (plan != "known plan") return false;
                    confirmed = plan;
                    return true;
                },
                [] { return std::vector<std::string>{"known plan"}; }),
            {"GET", "/broken", [](const serve::Question&) -> serve::Page { throw std::runtime_error("it broke"); }},
        };
        auto listening = serve::Server::listen({"127.0.0.1", 0}, std::move(routes));
        REQUIRE(listening);
        server = std::move(*listening);
    }

    httplib::Client client() const { return httplib::Client("127.0.0.1", server->port()); }
};

}  // namespace

TEST_CASE("metrics and health are there, other pages are not") {
    const Served served;
    auto client = served.client();
    const auto metrics = client.Get("/metrics");
    REQUIRE(metrics);
    CHECK(metrics->status == 200);
    CHECK(metrics->body == "moontide_copies 1\n");
    CHECK(metrics->get_header_value("Content-Type").starts_with("text/plain; version=0.0.4"));
    CHECK(client.Get("/healthz")->status == 200);
    CHECK(client.Head("/healthz")->status == 200);
    CHECK(client.Get("/")->status == 404);
    CHECK(client.Get("/metricsx")->status == 404);
    CHECK(client.Post("/metrics")->status == 405);
    CHECK(client.Get("/confirm")->status == 405);
    CHECK(client.Get("/broken")->status == 500);
}

TEST_CASE("readiness fails with 503 and says which and why") {
    Served served;
    auto client = served.client();
    CHECK(client.Get("/readyz")->status == 200);
    CHECK(client.Get("/readyz?verbose")->body == "readyz check passed\n");
    served.failing = {{"watch configmaps in flux-system", "403 Forbidden: no"}, {"watch namespaces", "no list yet"}};
    const auto shortly = client.Get("/readyz");
    CHECK(shortly->status == 503);
    CHECK(shortly->body.find("[-]watch namespaces failed\n") != std::string::npos);
    const auto verbose = client.Get("/readyz?verbose");
    CHECK(verbose->status == 503);
    CHECK(verbose->body ==
          "[-]watch configmaps in flux-system failed: 403 Forbidden: no\n"
          "[-]watch namespaces failed: no list yet\n"
          "readyz check failed\n");
}

TEST_CASE("a plan is confirmed from this machine, and one that does not wait is told with those that do") {
    Served served;
    const serve::Address address{"127.0.0.1", served.server->port()};
    const auto unknown = serve::ask_confirm(address, "other");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message.find("waiting: known plan") != std::string::npos);
    CHECK(served.confirmed.empty());
    const auto known = serve::ask_confirm(address, "known plan");
    REQUIRE(known);
    CHECK(*known == "plan known plan is confirmed");
    CHECK(served.confirmed == "known plan");
    CHECK(served.client().Post("/confirm")->status == 400);
}

TEST_CASE("a browser cannot confirm for its user") {
    Served served;
    for (const httplib::Headers& headers :
         {httplib::Headers{{"Origin", "http://evil.example"}}, httplib::Headers{{"Host", "evil.example:8081"}},
          httplib::Headers{{"Host", "localhost.evil.example"}}}) {
        CHECK(served.client().Post("/confirm?plan=known%20plan", headers, "", "text/plain")->status == 403);
    }
    CHECK(served.confirmed.empty());
}

TEST_CASE("a port that is taken is told with the address and the way out") {
    const Served served;
    const auto second = serve::Server::listen({"127.0.0.1", served.server->port()}, {});
    REQUIRE_FALSE(second);
    CHECK(second.error().message ==
          fmt::format("cannot listen on 127.0.0.1:{}: Address already in use; another process has this port; choose "
                      "another one, or 0 for none",
                      served.server->port()));
    const auto every = serve::Server::listen({"", served.server->port()}, {});
    CHECK_FALSE(every);
}

TEST_CASE("a host that does not exist is told") {
    const auto server = serve::Server::listen({"192.0.2.1", 0}, {});
    REQUIRE_FALSE(server);
    CHECK(server.error().message.starts_with("cannot listen on 192.0.2.1:0"));
}

TEST_CASE("an address without a host is served to IPv4 clients too, and stops at once") {
    auto server = serve::Server::listen({"", 0}, {serve::health_page()});
    REQUIRE(server);
    const auto port = (*server)->port();
    CHECK(httplib::Client("127.0.0.1", port).Get("/healthz")->status == 200);
    server->reset();
    CHECK_FALSE(httplib::Client("127.0.0.1", port).Get("/healthz"));
}

TEST_CASE("nobody answers: confirm names the address and the flag") {
    const auto answer = serve::ask_confirm({"127.0.0.1", 1}, "x");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.starts_with("no answer from 127.0.0.1:1"));
    CHECK(answer.error().message.find("--health-probe-bind-address") != std::string::npos);
}
