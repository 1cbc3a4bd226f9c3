#include "kube/http2_server.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moontide::kube::http2 {

namespace {

Result<int> listening_socket(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return fail("cannot listen on '" + address + "': it is no IP address");
    }
    const std::unique_ptr<addrinfo, tls::FreeBy<::freeaddrinfo>> owner(found);
    const std::string place = address + ":" + std::to_string(port);
    const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return fail("cannot listen on " + place + ": " + std::strerror(errno));
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 || ::listen(descriptor, 128) != 0) {
        auto error = fail("cannot listen on " + place + ": " + std::strerror(errno));
        ::close(descriptor);
        return error;
    }
    return descriptor;
}

class Listener final : public Server {
public:
    Listener(Loop& loop, std::shared_ptr<SSL_CTX> context, std::string address, int descriptor, std::uint16_t port,
             RequestHandler handler, ServerOptions options)
        : loop_(loop),
          context_(std::move(context)),
          address_(std::move(address)),
          descriptor_(descriptor),
          port_(port),
          handler_(std::move(handler)),
          options_(options) {
        watch();
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    ~Listener() override {
        stop_listening();
        for (const auto& [raw, connection] : std::exchange(connections_, {})) connection->abandon();
    }

    std::uint16_t port() const override { return port_; }

    void drain() override {
        for (const auto& [raw, connection] : connections_) connection->drain();
    }

    void close() override {
        stop_listening();
        const auto closing = connections_;
        for (const auto& [raw, connection] : closing) connection->close();
    }

    void hang_up() override {
        stop_listening();
        for (const auto& [raw, connection] : connections_) connection->cut();
    }

    Result<void> listen_again() override {
        if (descriptor_ >= 0) return {};
        descriptor_ = TRY(listening_socket(address_, port_));
        watch();
        return {};
    }

private:
    void watch() {
        loop_.watch(descriptor_, EPOLLIN, [this](std::uint32_t) { accept(); });
    }

    void stop_listening() {
        loop_.cancel(std::exchange(pause_, 0));
        if (descriptor_ < 0) return;
        loop_.forget(descriptor_);
        ::close(std::exchange(descriptor_, -1));
    }

    void accept() {
        while (descriptor_ >= 0) {
            const int client = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (client < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
                    // The waiting client would wake us at once again.
                    loop_.forget(descriptor_);
                    pause_ = loop_.after(Milliseconds(100), [this] { watch(); });
                }
                if (errno == ECONNABORTED || errno == EINTR) continue;
                return;
            }
            const auto connection = std::make_shared<ServerConnection>(
                loop_, options_, handler_, [this](ServerConnection* gone) { connections_.erase(gone); });
            connections_.emplace(connection.get(), connection);
            connection->start(client, tls::SslPtr(SSL_new(context_.get())));
        }
    }

    Loop& loop_;
    std::shared_ptr<SSL_CTX> context_;
    std::string address_;
    int descriptor_;
    std::uint16_t port_;
    RequestHandler handler_;
    ServerOptions options_;
    Loop::TimerId pause_ = 0;
    std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Loop& loop, std::shared_ptr<SSL_CTX> tls, const std::string& address,
                                               std::uint16_t port, RequestHandler handler, ServerOptions options) {
    const int descriptor = TRY(listening_socket(address, port));
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size);
    const auto actual = bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                    : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
    return std::make_unique<Listener>(loop, std::move(tls), address, descriptor, ntohs(actual), std::move(handler),
                                      options);
}

}  // namespace moontide::kube::http2
