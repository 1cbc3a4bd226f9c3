// How large a suite is to be, as environment variables say: smaller under sanitizers, larger over night.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace moontide::test {

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace moontide::test
