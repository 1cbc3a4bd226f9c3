// What environment variables say of suites: how large they are, and how patient.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <cstdlib>

namespace moontide::test {

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// How long something may take where a quick build on an idle machine is given `quick`: MOONTIDE_PATIENCE times that.
inline Milliseconds patient(Milliseconds quick) {
    return quick * static_cast<Milliseconds::rep>(number_from("MOONTIDE_PATIENCE", 1));
}

}  // namespace moontide::test
