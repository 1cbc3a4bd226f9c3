#include "proxy_server.hpp"

#include "kube/certificate.hpp"
#include "kube/credentials_base64.hpp"
#include "kube/tls_openssl.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moontide::kube {

namespace {

struct Closed {};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int listener(std::uint16_t& port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(descriptor, 16) != 0)
        throw std::runtime_error("cannot listen");
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return descriptor;
}

/// False once `end` can be read.
bool await(int descriptor, int end) {
    std::array<pollfd, 2> both{{{descriptor, POLLIN, 0}, {end, POLLIN, 0}}};
    ::poll(both.data(), both.size(), -1);
    return both[1].revents == 0;
}

void signal(int end) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(end, &one, sizeof one);
}

std::shared_ptr<SSL_CTX> server_context(const Certificate& identity) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    const auto certificate_bio = tls::bio_over(identity.certificate_pem);
    const tls::X509Ptr certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
    const auto key_bio = tls::bio_over(identity.key_pem);
    const tls::KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    return context;
}

}  // namespace

/// The client's connection, with TLS or without, waiting for each call; Closed is thrown where it cannot go on.
class ProxyServer::Wire {
public:
    Wire(int descriptor, int end, const Certificate* certificate) : descriptor_(descriptor), end_(end) {
        if (certificate == nullptr) return;
        context_ = server_context(*certificate);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), descriptor);
        if (!await(descriptor_, end_) || SSL_accept(ssl_.get()) != 1) throw Closed();
    }

    std::size_t some(char* data, std::size_t size) {
        if (!pending() && !await(descriptor_, end_)) throw Closed();
        const auto got = ssl_ ? SSL_read(ssl_.get(), data, static_cast<int>(size)) : ::recv(descriptor_, data, size, 0);
        if (got <= 0) throw Closed();
        return static_cast<std::size_t>(got);
    }

    std::string exactly(std::size_t size) {
        std::string text(size, '\0');
        for (std::size_t at = 0; at < size;) at += some(text.data() + at, size - at);
        return text;
    }

    void say(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                   : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) throw Closed();
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    bool pending() const { return ssl_ && SSL_pending(ssl_.get()) > 0; }
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
    int end_;
    std::shared_ptr<SSL_CTX> context_;
    tls::SslPtr ssl_;
};

ProxyServer::ProxyServer(ProxyRules rules)
    : rules_(std::move(rules)), listener_(listener(port_)), end_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this] { listen(); });
}

ProxyServer::~ProxyServer() {
    close();
    ::close(end_);
}

void ProxyServer::close() {
    if (!thread_.joinable()) return;
    signal(end_);
    thread_.join();
    ::close(listener_);
}

std::vector<std::string> ProxyServer::targets() const {
    const std::scoped_lock lock(mutex_);
    return targets_;
}

std::string ProxyServer::head() const {
    const std::scoped_lock lock(mutex_);
    return head_;
}

void ProxyServer::listen() {
    while (await(listener_, end_)) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        connections_.emplace_back([this, descriptor] {
            // OpenSSL writes by write(2), to clients that may have gone.
            sigset_t pipe;
            sigemptyset(&pipe);
            sigaddset(&pipe, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
            serve(descriptor);
            ::close(descriptor);
        });
    }
    connections_.clear();
}

void ProxyServer::serve(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    try {
        Wire wire(descriptor, end_, rules_.certificate);
        wire.say(rules_.before);
        const auto target = rules_.speaks == ProxyRules::Speaks::http ? http_target(wire) : socks5_target(wire);
        if (target.empty()) return;
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(static_cast<std::uint16_t>(std::stoi(target.substr(target.rfind(':') + 1))));
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            try {
                carry(wire, server);
            } catch (const Closed&) {
            }
        }
        ::close(server);
    } catch (const Closed&) {
    }
}

std::string ProxyServer::http_target(Wire& wire) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += wire.exactly(1);
    const auto target = head.substr(8, head.find(' ', 8) - 8);
    {
        const std::scoped_lock lock(mutex_);
        head_ = head;
        targets_.push_back(target);
    }
    const auto login = "\r\nProxy-Authorization: Basic " + to_base64(rules_.user + ":" + rules_.password) + "\r\n";
    if (!rules_.user.empty() && head.find(login) == std::string::npos) {
        wire.say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
        return {};
    }
    // In two parts, as a slow network has it.
    wire.say("HTTP/1.1 " + rules_.status);
    wire.say("\r\nVia: test\r\n\r\n");
    return rules_.status.starts_with('2') ? target : "";
}

std::string ProxyServer::socks5_target(Wire& wire) {
    using namespace std::string_literals;
    const auto greeting = wire.exactly(2);
    const auto methods = wire.exactly(static_cast<unsigned char>(greeting[1]));
    const char wanted = rules_.user.empty() ? 0 : 2;
    if (methods.find(wanted) == std::string::npos) {
        wire.say("\x05\xff");
        return {};
    }
    wire.say("\x05"s + wanted);
    if (wanted == 2) {
        const auto user = wire.exactly(static_cast<unsigned char>(wire.exactly(2)[1]));
        const auto password = wire.exactly(static_cast<unsigned char>(wire.exactly(1)[0]));
        const bool good = user == rules_.user && password == rules_.password;
        wire.say(good ? "\x01\x00"s : "\x01\x01"s);
        if (!good) return {};
    }
    const auto request = wire.exactly(4);
    std::string host;
    if (request[3] == 3) {
        host = wire.exactly(static_cast<unsigned char>(wire.exactly(1)[0]));
    } else {
        const auto address = wire.exactly(request[3] == 1 ? 4 : 16);
        for (const unsigned char byte : address) host += (host.empty() ? "" : ".") + std::to_string(byte);
    }
    const auto port = wire.exactly(2);
    const auto target =
        host + ":" + std::to_string(static_cast<unsigned char>(port[0]) * 256 + static_cast<unsigned char>(port[1]));
    {
        const std::scoped_lock lock(mutex_);
        targets_.push_back(target);
    }
    wire.say("\x05"s + static_cast<char>(rules_.reply) + "\x00\x01"s);
    wire.say("\x7f\x00\x00\x01\x00\x00"s);
    return rules_.reply == 0 ? target : "";
}

void ProxyServer::carry(Wire& client, int server) {
    std::array<char, 5000> buffer;  // so that its TLS records and those that it carries do not end together
    while (true) {
        std::array<pollfd, 3> ends{{{client.descriptor(), POLLIN, 0}, {server, POLLIN, 0}, {end_, POLLIN, 0}}};
        if (client.pending()) {
            ends[0].revents = POLLIN;
        } else {
            ::poll(ends.data(), ends.size(), -1);
        }
        if (ends[2].revents != 0) return;
        if (ends[0].revents != 0) {
            std::string_view bytes(buffer.data(), client.some(buffer.data(), buffer.size()));
            while (!bytes.empty()) {
                const auto sent = ::send(server, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (sent <= 0) return;
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            }
        }
        if (ends[1].revents != 0) {
            const auto got = ::recv(server, buffer.data(), buffer.size(), 0);
            if (got <= 0) return;
            client.say({buffer.data(), static_cast<std::size_t>(got)});
        }
    }
}

ScriptedProxy::ScriptedProxy(std::vector<std::string> answers, Then then)
    : listener_(listener(port_)), end_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this, answers = std::move(answers), then] {
        std::array<char, 4096> buffer;
        while (await(listener_, end_)) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            for (const auto& answer : answers) {
                if (!await(client, end_) || ::recv(client, buffer.data(), buffer.size(), 0) <= 0) break;
                ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            if (then == Then::wait) {
                while (await(client, end_) && ::recv(client, buffer.data(), buffer.size(), 0) > 0) {
                }
            }
            ::close(client);
        }
    });
}

ScriptedProxy::~ScriptedProxy() {
    signal(end_);
    thread_.join();
    ::close(listener_);
    ::close(end_);
}

}  // namespace moontide::kube
