// What comes from users' settings of proxies, and from proxies.
#include "fuzz/fuzzer.hpp"
#include "kube/proxy_negotiation.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace moontide::fuzz {

namespace {

/// What a proxy says, cut into pieces by its first byte.
void negotiate(kube::Negotiation& negotiation, std::string_view input) {
    if (input.empty()) return;
    const auto piece = std::size_t{static_cast<unsigned char>(input.front())} + 1;
    input.remove_prefix(1);
    std::size_t total = 0;
    auto turn = negotiation.begin();
    while (turn && turn->read > 0 && !input.empty()) {
        require(!negotiation.awaited().empty(), "what is awaited has a name");
        const auto bytes = input.substr(0, std::min(turn->read, piece));
        input.remove_prefix(bytes.size());
        total += bytes.size();
        turn = negotiation.received(bytes);
    }
    require(total <= 32 * 1024, "an answer without end is given up");
    if (!turn) {
        require(turn.error().message.size() < 1024, "an error is short, however long an answer was");
        require(std::ranges::all_of(turn.error().message, [](char c) { return c >= ' ' && c <= '~'; }),
                "an error can be shown");
    }
}

kube::Proxy proxy_of(kube::Proxy::Kind kind, std::string user) {
    return {kind, "proxy", 1, std::move(user), "password", "proxy-url", {}};
}

}  // namespace

MOONTIDE_FUZZER(proxy_connect) {
    const auto proxy = proxy_of(kube::Proxy::Kind::http, "user");
    negotiate(*kube::connect_negotiation(proxy, "api", 6443), input);
}

MOONTIDE_FUZZER(proxy_socks5) {
    for (const auto* user : {"", "user"}) {
        const auto proxy = proxy_of(kube::Proxy::Kind::socks5, user);
        negotiate(*kube::socks5_negotiation(proxy, "api", 6443), input);
    }
}

MOONTIDE_FUZZER(proxy_url) {
    const std::string text(input);
    const auto proxy = kube::proxy_for(text, {}, "api");
    (void)kube::proxy_for({}, {text, text}, "10.0.0.1");
    (void)kube::proxy_for({}, {"http://proxy", text}, "api.example.com");
    if (!proxy) {
        const auto at = text.rfind('@');
        const auto scheme_end = text.find("://");
        const auto secret = text.find("s3cret", scheme_end == std::string::npos ? 0 : scheme_end);
        const bool is_secret = at != std::string::npos && secret < at && text.find("s3cret", at) == std::string::npos &&
                               text.find("s3cret") == secret;
        require(!is_secret || proxy.error().message.find("s3cret") == std::string::npos,
                "an error shows neither user nor password");
    } else if (*proxy) {
        require((*proxy)->port != 0 && !(*proxy)->host.empty(), "a proxy has a host and a port");
        require((*proxy)->name().find('@') == std::string::npos, "a proxy's name has no user");
    }
}

}  // namespace moontide::fuzz
