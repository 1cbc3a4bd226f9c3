#include "store/waiting.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <poll.h>

namespace moontide::store {

Waited wait_for(int descriptor, Awaited awaited, Instant deadline, int stop) {
    constexpr short in = POLLIN;
    constexpr short out = POLLOUT;
    constexpr short both = POLLIN | POLLOUT;
    const short events = awaited == Awaited::readable ? in : awaited == Awaited::writable ? out : both;
    for (;;) {
        std::array<pollfd, 2> waiting = {{{descriptor, events, 0}, {stop, POLLIN, 0}}};
        const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
        const auto milliseconds = std::clamp<Milliseconds::rep>(left.count(), 0, 60'000);
        const int found = ::poll(waiting.data(), waiting.size(), static_cast<int>(milliseconds));
        if (waiting[1].revents != 0 && found > 0) return Waited::stopped;
        if (waiting[0].revents != 0 && found > 0) return Waited::ready;
        if (left.count() <= 0) return Waited::late;
    }
}

}  // namespace moontide::store
