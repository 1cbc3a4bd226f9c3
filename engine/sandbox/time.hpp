// Times as the API has them, and ages as kubectl shows them.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::sandbox {

enum class Precision { seconds, microseconds };

/// RFC 3339 with or without a fraction; nothing where it is not.
std::optional<WallTime> parse_time(std::string_view text);
/// What Go's time.Parse complains of; nothing where the text is a time.
std::optional<std::string> time_error(const std::string& text, Precision precision);

/// "5s", "3m20s", "7h15m", "12d": apimachinery's HumanDuration.
std::string human_duration(std::chrono::seconds duration);
/// The age of an object's time field; "<unknown>" without one.
std::string age_of(std::string_view time, WallTime now);

}  // namespace moontide::sandbox
