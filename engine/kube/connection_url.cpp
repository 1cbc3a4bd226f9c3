#include "kube/connection_url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>

namespace moontide::kube {

namespace {

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::uint16_t default_port(std::string_view scheme) {
    if (scheme == "https") return 443;
    if (scheme == "http") return 80;
    return scheme == "socks5" || scheme == "socks5h" ? 1080 : 0;
}

/// For messages: whatever may be a user or a password is left out, in URLs that are not well formed too.
std::string shown(std::string_view text) {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) return std::string(text);
    const auto scheme = text.substr(0, text.find("://"));
    const bool has_scheme = std::ranges::all_of(scheme, [](unsigned char c) { return std::isalnum(c) != 0; });
    return (has_scheme ? std::string(scheme) + "://..." : "...") + std::string(text.substr(at));
}

}  // namespace

std::string Url::authority() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool is_address(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 || ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Result<Url> parse_url(std::string_view text) {
    const std::string whole = shown(text);
    Url url;
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return fail("'" + whole + "' is no URL: it has no scheme like https://");
    url.scheme = text.substr(0, scheme_end);
    std::ranges::transform(url.scheme, url.scheme.begin(), [](unsigned char c) { return std::tolower(c); });
    url.port = default_port(url.scheme);
    if (url.port == 0) return fail("'" + whole + "': its scheme is not known here");
    text.remove_prefix(scheme_end + 3);

    const auto path_begin = text.find_first_of("/?#");
    if (path_begin != std::string_view::npos) {
        url.path = text.substr(path_begin);
        text = text.substr(0, path_begin);
    }
    if (url.path.find_first_of("?#") != std::string::npos) {
        return fail("'" + whole + "': a server's URL has neither a query nor a fragment");
    }
    while (url.path.ends_with('/')) url.path.pop_back();

    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        const auto user = text.substr(0, at);
        const auto colon = user.find(':');
        url.user = percent_decoded(user.substr(0, colon));
        if (colon != std::string_view::npos) url.password = percent_decoded(user.substr(colon + 1));
        text.remove_prefix(at + 1);
    }
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return fail("'" + whole + "': the address's bracket is not closed");
        url.host = text.substr(1, close - 1);
        port = text.substr(close + 1);
        if (!port.empty() && !port.starts_with(':')) return fail("'" + whole + "': text after the address's bracket");
    } else {
        const auto colon = text.find(':');
        url.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon);
    }
    if (url.host.empty()) return fail("'" + whole + "' names no host");
    if (std::ranges::any_of(url.host, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) {
        return fail("'" + whole + "': a space or control character in the host's name");
    }
    if (port.size() > 1) {
        port.remove_prefix(1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
            return fail("'" + whole + "': the port is no number from 1 to 65535");
        }
    }
    return url;
}

}  // namespace moontide::kube
