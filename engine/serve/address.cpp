#include "serve/address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace moontide::serve {

std::string Address::text() const {
    if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
    return fmt::format("{}:{}", host, port);
}

Result<std::optional<Address>> parse_address(std::string_view text, std::string_view flag) {
    if (text.empty() || text == "0") return std::nullopt;
    const auto wrong = [&](std::string_view why) {
        return fail(
            fmt::format("{} '{}': {}; write :8080, 127.0.0.1:8080, [::1]:8080, or 0 for none", flag, text, why));
    };
    Address address;
    std::string_view port;
    if (text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return wrong("the ']' is missing");
        address.host = text.substr(1, close - 1);
        port = text.substr(close + 1);
        if (address.host.find(':') == std::string::npos) return wrong("only an IPv6 address stands in brackets");
    } else {
        const auto colon = text.rfind(':');
        if (colon == std::string_view::npos) return wrong("the port is missing");
        address.host = text.substr(0, colon);
        port = text.substr(colon);
        if (address.host.find(':') != std::string::npos) return wrong("an IPv6 address stands in brackets");
    }
    if (!port.starts_with(':')) return wrong("the port is missing");
    port.remove_prefix(1);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number > 65'535) {
        return wrong(fmt::format("'{}' is no port (0 to 65535)", port));
    }
    address.port = static_cast<std::uint16_t>(number);
    return address;
}

}  // namespace moontide::serve
