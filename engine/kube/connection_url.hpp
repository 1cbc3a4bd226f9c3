// The parts of a URL, as servers and proxies are given.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace moontide::kube {

struct Url {
    std::string scheme;  ///< lower case
    std::string user;
    std::string password;
    std::string host;        ///< an IPv6 address without its brackets
    std::uint16_t port = 0;  ///< the scheme's where the URL has none
    std::string path;        ///< without a slash at its end; empty for the root

    /// "host:port", with brackets around an IPv6 address.
    std::string authority() const;
};

/// IPv4 or IPv6, without brackets.
bool is_address(const std::string& host);

/// http, https, socks5 and socks5h. Errors show neither user nor password. Any thread.
Result<Url> parse_url(std::string_view text);

}  // namespace moontide::kube
