#include "kube/proxy.hpp"

#include "kube/connection_url.hpp"
#include "kube/credentials_base64.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace moontide::kube {

namespace {

std::string either_variable(const char* name, const char* other) {
    for (const char* one : {name, other}) {
        const char* value = std::getenv(one);  // NOLINT(concurrency-mt-unsafe): nobody sets the environment
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

struct Address {
    int family = 0;
    std::array<unsigned char, 16> bytes{};
};

std::optional<Address> parse_address(const std::string& text) {
    Address address;
    for (const int family : {AF_INET, AF_INET6}) {
        if (::inet_pton(family, text.c_str(), address.bytes.data()) == 1) {
            address.family = family;
            return address;
        }
    }
    return std::nullopt;
}

bool in_network(const Address& address, std::string_view cidr) {
    const auto slash = cidr.find('/');
    if (slash == std::string_view::npos) return false;
    const auto network = parse_address(std::string(cidr.substr(0, slash)));
    unsigned bits = 0;
    const auto length = cidr.substr(slash + 1);
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (!network || network->family != address.family || error != std::errc() || end != length.data() + length.size() ||
        bits > (address.family == AF_INET ? 32U : 128U)) {
        return false;
    }
    for (unsigned bit = 0; bit < bits; ++bit) {
        const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
        if (((address.bytes[bit / 8] ^ network->bytes[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

bool is_loopback(std::string_view host, const std::optional<Address>& address) {
    if (host == "localhost") return true;
    return address && (in_network(*address, "127.0.0.0/8") || in_network(*address, "::1/128"));
}

bool exempts(std::string_view list, std::string_view host, const std::optional<Address>& address) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto entry = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
        while (entry.starts_with(' ')) entry.remove_prefix(1);
        while (entry.ends_with(' ')) entry.remove_suffix(1);
        if (entry == "*") return true;
        if (entry.starts_with("*.")) entry.remove_prefix(1);
        if (entry.empty()) continue;
        if (address && in_network(*address, entry)) return true;
        if (entry == host) return true;
        const std::string suffix = entry.starts_with('.') ? std::string(entry) : "." + std::string(entry);
        if (!address && host.ends_with(suffix)) return true;
    }
    return false;
}

}  // namespace

ProxyEnvironment ProxyEnvironment::read() {
    return {either_variable("HTTPS_PROXY", "https_proxy"), either_variable("NO_PROXY", "no_proxy")};
}

Result<std::optional<Proxy>> proxy_for(const std::string& configured, const ProxyEnvironment& environment,
                                       std::string_view host) {
    std::string chosen = configured;
    std::string origin = "proxy-url";
    if (chosen.empty()) {
        const auto address = parse_address(std::string(host));
        if (environment.https_proxy.empty() || is_loopback(host, address) ||
            exempts(environment.no_proxy, host, address)) {
            return std::nullopt;
        }
        origin = "HTTPS_PROXY";
        chosen = environment.https_proxy;
        if (chosen.find("://") == std::string::npos) chosen.insert(0, "http://");
    }
    auto url = parse_url(chosen);
    if (!url) return within(origin, std::move(url).error());
    if (url->scheme != "http") {
        return fail(origin + ": a proxy of scheme '" + url->scheme +
                    "' is not supported, only http:// (what goes through it is TLS all the same)");
    }
    Proxy proxy{url->host, url->port, {}};
    if (!url->user.empty()) proxy.authorization = "Basic " + to_base64(url->user + ":" + url->password);
    return proxy;
}

Tunnel::Tunnel(Loop& loop, int descriptor, const Proxy& proxy, const std::string& host, std::uint16_t port,
               std::function<void(Result<void>)> done)
    : loop_(loop),
      descriptor_(descriptor),
      place_("proxy " + Url{"http", {}, {}, proxy.host, proxy.port, {}}.authority()),
      done_(std::move(done)) {
    const std::string target = Url{"https", {}, {}, host, port, {}}.authority();
    request_ = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!proxy.authorization.empty()) request_ += "Proxy-Authorization: " + proxy.authorization + "\r\n";
    request_ += "\r\n";
    loop_.watch(descriptor_, EPOLLOUT, [this](std::uint32_t) { ready(); });
}

Tunnel::~Tunnel() {
    if (done_) loop_.forget(descriptor_);
}

void Tunnel::ready() {
    if (sent_ < request_.size()) {
        send();
    } else {
        receive();
    }
}

void Tunnel::send() {
    const auto sent = ::send(descriptor_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        return finish(fail(place_ + ": " + std::strerror(errno), Retry::later));
    }
    sent_ += static_cast<std::size_t>(sent);
    if (sent_ == request_.size()) loop_.change(descriptor_, EPOLLIN);
}

void Tunnel::receive() {
    // Looked at first and then taken up to the head's end: what follows is the server's.
    std::array<char, 4096> buffer;
    const auto got = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        return finish(fail(place_ + ": closed the connection without an answer to CONNECT", Retry::later));
    }
    const auto before = response_.size();
    response_.append(buffer.data(), static_cast<std::size_t>(got));
    const auto end = response_.find("\r\n\r\n", before >= 3 ? before - 3 : 0);
    const auto taken = end == std::string::npos ? static_cast<std::size_t>(got) : end + 4 - before;
    [[maybe_unused]] const auto drained = ::recv(descriptor_, buffer.data(), taken, 0);
    if (end == std::string::npos) {
        if (response_.size() > std::size_t{64} * 1024)
            finish(fail(place_ + ": answers CONNECT without end", Retry::later));
        return;
    }
    const auto line = response_.substr(0, response_.find("\r\n"));
    const auto space = line.find(' ');
    if (!line.starts_with("HTTP/1.") || space == std::string::npos || line.substr(space + 1, 1) != "2") {
        return finish(fail(place_ + ": refuses the connection: " + line, Retry::later));
    }
    finish({});
}

void Tunnel::finish(Result<void> result) {
    loop_.forget(descriptor_);
    const auto done = std::exchange(done_, nullptr);
    done(std::move(result));
}

}  // namespace moontide::kube
