#include "store/descriptor.hpp"

#include <cstddef>
#include <cstdint>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace moontide::store {

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

Bell::Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Bell::ring() const {
    const std::uint64_t one = 1;
    // It fails only where it would be rung 2^64 times: then it rings already.
    [[maybe_unused]] const auto written = ::write(event_.number(), &one, sizeof(one));
}

void Bell::quiet() const {
    std::uint64_t rung = 0;
    [[maybe_unused]] const auto read = ::read(event_.number(), &rung, sizeof(rung));
}

MemoryFile::MemoryFile(const std::string& text) : file_(::memfd_create("certificates", MFD_CLOEXEC)) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto written = ::write(file_.number(), text.data() + at, text.size() - at);
        // What is missing shows as certificates that cannot be read.
        if (written <= 0) return;
        at += static_cast<std::size_t>(written);
    }
}

std::string MemoryFile::path() const {
    return "/proc/self/fd/" + std::to_string(file_.number());
}

}  // namespace moontide::store
