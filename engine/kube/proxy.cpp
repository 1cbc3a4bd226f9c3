#include "kube/proxy.hpp"

#include "kube/connection_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>

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

Proxy::Kind kind_of(std::string_view scheme) {
    if (scheme == "http") return Proxy::Kind::http;
    if (scheme == "https") return Proxy::Kind::https;
    return Proxy::Kind::socks5;
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
    if (!url) {
        return within(origin + " (a proxy is http://, https://, socks5:// or socks5h://)", std::move(url).error());
    }
    if (url->path.find('@') != std::string::npos) {
        return fail(origin + ": an '@' after a '/': in a user or password '/' is written %2F");
    }
    Proxy proxy{kind_of(url->scheme), url->host, url->port, url->user, url->password, origin, {}};
    if (proxy.user.empty() && !proxy.password.empty()) return fail(origin + ": a password, but no user");
    if (proxy.kind == Proxy::Kind::socks5 && std::max(proxy.user.size(), proxy.password.size()) > 255) {
        return fail(origin + ": SOCKS5 has room for 255 bytes of user and of password, and one of them is longer");
    }
    return proxy;
}

std::string Proxy::name() const {
    const std::string scheme = kind == Kind::http ? "http" : kind == Kind::https ? "https" : "socks5";
    return "proxy " + scheme + "://" + Url{{}, {}, {}, host, port, {}}.authority() + " (" + origin + ")";
}

}  // namespace moontide::kube
