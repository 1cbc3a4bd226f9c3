// A server on loopback with a certificate of its own, and the loop that it and a client share.
#pragma once

#include "base/loop.hpp"
#include "kube/certificate.hpp"
#include "kube/http2.hpp"
#include "kube/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace moontide::kube {

/// Runs the loop until `holds`; fails the test after `limit`.
inline void run_until(Loop& loop, const std::function<bool()>& holds, Milliseconds limit = Milliseconds(10'000)) {
    bool in_time = true;
    const auto end = loop.after(limit, [&] {
        in_time = false;
        loop.stop();
    });
    Loop::TimerId tick = 0;
    std::function<void()> look = [&] {
        if (holds()) return loop.stop();
        tick = loop.after(Milliseconds(1), look);
    };
    tick = loop.after(Milliseconds(0), look);
    loop.run();
    loop.cancel(end);
    loop.cancel(tick);
    REQUIRE(in_time);
}

/// Authorities and keys are slow to make, so that all tests share these.
struct Identities {
    CertificateAuthority authority = CertificateAuthority::make("moontide tests").value();
    Certificate server = authority.issue_server({"localhost", "127.0.0.1", "::1"}).value();

    static const Identities& shared() {
        static const Identities identities;
        return identities;
    }

    tls::Context server_context() const {
        return tls::server_context({server.certificate_pem, server.key_pem, authority.certificate_pem()}).value();
    }
    Access access() const {
        Access access;
        access.certificate_authority.inline_pem = authority.certificate_pem();
        return access;
    }
};

/// A server that answers by `answer`.
struct Loopback {
    Loop loop;
    std::function<void(http2::ExchangePtr)> answer;
    std::unique_ptr<http2::Server> server;

    explicit Loopback(std::function<void(http2::ExchangePtr)> with, http2::ServerOptions options = {})
        : answer(std::move(with)) {
        restart(0, options);
    }

    void restart(std::uint16_t port, http2::ServerOptions options = {}) {
        server.reset();
        server = http2::Server::listen(
                     loop, Identities::shared().server_context(), "127.0.0.1", port,
                     [this](http2::ExchangePtr exchange) { answer(std::move(exchange)); }, options)
                     .value();
    }

    http2::ClientOptions options() const {
        http2::ClientOptions options;
        options.host = "127.0.0.1";
        options.port = server->port();
        return options;
    }
};

/// What became of a request.
struct Outcome {
    int status = 0;
    http2::Headers headers;
    std::string body;
    bool ended = false;
    std::optional<Error> error;

    /// Gives the window back where `connection` is not null.
    http2::Handler handler(http2::Connection* connection = nullptr, const http2::StreamId* id = nullptr) {
        return {[this](int got, http2::Headers with) {
                    status = got;
                    headers = std::move(with);
                },
                [this, connection, id](std::string_view chunk) {
                    body += chunk;
                    if (connection != nullptr) connection->consumed(*id, chunk.size());
                },
                [this](std::optional<Error> with) {
                    ended = true;
                    error = std::move(with);
                }};
    }
};

}  // namespace moontide::kube
