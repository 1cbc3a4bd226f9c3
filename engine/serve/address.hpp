// Where to listen, as the flags say it: ":8080", "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; "0" is nowhere.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::serve {

struct Address {
    std::string host;        ///< a name or an address without brackets; empty: every interface
    std::uint16_t port = 0;  ///< 0: a free one

    /// "127.0.0.1:8080", "[::1]:8080", ":8080".
    std::string text() const;
    bool operator==(const Address&) const = default;
};

/// Nothing for "0" and "". `flag` stands in front of the error.
Result<std::optional<Address>> parse_address(std::string_view text, std::string_view flag);

}  // namespace moontide::serve
