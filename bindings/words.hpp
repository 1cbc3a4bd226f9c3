// The words and times that slots take.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bindings/shape.hpp"
#include "policy/policy.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace moontide::bindings {

/// The case of the words does not matter.
std::optional<policy::Existing> existing_named(std::string_view word);
/// ", did you mean 'adopt'?", or nothing.
std::string near_existing(std::string_view word);

/// A time, or a duration since the source's creation: "90s", "1h30m", "7d".
using Expiry = std::variant<WallTime, std::chrono::seconds>;
Result<Expiry> parse_expiry(std::string_view text);

/// RFC 3339, fractions of a second left out.
std::optional<WallTime> parse_time(std::string_view text);

/// Whether a literal entry of `labels` or `annotations` comes from the source or owner, so that an object which carries
/// it is known by it.
bool has_telling_mark(const PolicyShape& shape);

}  // namespace moontide::bindings
