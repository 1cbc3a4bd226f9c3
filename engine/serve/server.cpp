#include "serve/server.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>

namespace moontide::serve {

namespace {

constexpr std::size_t threads = 4;
constexpr std::size_t largest_body = 64UL << 10U;
constexpr time_t patience_seconds = 2;

/// The library's default is SO_REUSEPORT, with which a second process would share the port unnoticed.
void socket_options(socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const int no = 0;
    // Fails on IPv4 sockets, where it means nothing.
    setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
}

bool is_loopback(std::string_view address) {
    if (address.starts_with("::ffff:")) address.remove_prefix(7);
    return address == "::1" || address.starts_with("127.");
}

class HttpServer final : public Server {
public:
    explicit HttpServer(std::vector<Route> routes) : routes_(std::move(routes)) {
        server_.new_task_queue = [] { return new httplib::ThreadPool(threads); };
        server_.set_socket_options(socket_options);
        server_.set_keep_alive_max_count(1);
        server_.set_keep_alive_timeout(patience_seconds);
        server_.set_read_timeout(patience_seconds);
        server_.set_write_timeout(patience_seconds);
        server_.set_payload_max_length(largest_body);
        // Every request ends here: none of the library's own routing, which matches paths as regular expressions.
        server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            const auto page = answer(request);
            response.status = page.status;
            response.set_content(page.body, page.content_type);
            response.set_header("X-Content-Type-Options", "nosniff");
            response.set_header("Cache-Control", "no-store");
            return httplib::Server::HandlerResponse::Handled;
        });
    }

    ~HttpServer() override {
        if (!thread_.joinable()) return;
        server_.stop();
        thread_.join();
    }

    Result<void> start(const Address& address) {
        const auto way_out = [&](int error) {
            switch (error) {
                case EADDRINUSE:
                    return "another process has this port; choose another one, or 0 for none";
                case EACCES:
                    return "ports below 1024 need rights; choose a higher one";
                case EADDRNOTAVAIL:
                    return "this machine has no such address; choose another one";
                default:
                    return "choose another address, or 0 for none";
            }
        };
        if (!bind(address)) {
            const int error = errno;
            return fail(fmt::format("cannot listen on {}: {}; {}", address.text(),
                                    error == 0 ? "no such host" : std::strerror(error), way_out(error)));
        }
        thread_ = std::jthread([this] {
            pthread_setname_np(pthread_self(), "serve");
            server_.listen_after_bind();
        });
        // stop() before the thread has begun would be lost.
        while (!server_.is_running()) std::this_thread::yield();
        return {};
    }

    std::uint16_t port() const override { return port_; }

private:
    bool bind(const Address& address) {
        errno = 0;
        if (!address.host.empty()) return bind_to(address.host, address.port);
        // One IPv6 socket takes IPv4 as well; a machine without IPv6 has the other.
        if (bind_to("::", address.port)) return true;
        return errno != EADDRINUSE && errno != EACCES && bind_to("0.0.0.0", address.port);
    }

    bool bind_to(const std::string& host, std::uint16_t port) {
        if (port == 0) {
            const int given = server_.bind_to_any_port(host);
            port_ = static_cast<std::uint16_t>(std::max(given, 0));
            return given > 0;
        }
        port_ = port;
        return server_.bind_to_port(host, port);
    }

    Page answer(const httplib::Request& request) const {
        Question question;
        question.method = request.method == "HEAD" ? "GET" : request.method;
        question.path = request.path;
        question.host = request.get_header_value("Host");
        question.origin = request.get_header_value("Origin");
        question.from_loopback = is_loopback(request.remote_addr);
        question.parameter = [&request](const std::string& name) -> std::optional<std::string> {
            if (!request.has_param(name.c_str())) return std::nullopt;
            return request.get_param_value(name.c_str());
        };
        std::string methods;
        for (const auto& route : routes_) {
            if (route.path != question.path) continue;
            if (route.method == question.method) return asked(route, question);
            methods += (methods.empty() ? "" : ", ") + route.method;
        }
        if (!methods.empty()) return {405, fmt::format("{} takes {}\n", question.path, methods)};
        std::string known;
        for (const auto& route : routes_) known += fmt::format("  {} {}\n", route.method, route.path);
        return {404, "there is nothing here; there are\n" + known};
    }

    static Page asked(const Route& route, const Question& question) {
        try {
            return route.page(question);
        } catch (const std::exception& error) {
            return {500, fmt::format("{}\n", error.what())};
        }
    }

    std::vector<Route> routes_;
    httplib::Server server_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(const Address& address, std::vector<Route> routes) {
    auto server = std::make_unique<HttpServer>(std::move(routes));
    TRY_VOID(server->start(address));
    return server;
}

}  // namespace moontide::serve
