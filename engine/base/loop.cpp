#include "base/loop.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace moontide {

struct Loop::Implementation {
    int epoll = -1;
    int wake = -1;
    std::atomic<bool> stopping{false};
    std::atomic<std::thread::id> thread{};

    std::mutex posted_mutex;
    std::vector<Function> posted;  // guarded by posted_mutex

    struct Watched {
        std::uint32_t generation;
        std::shared_ptr<Ready> ready;
    };
    std::unordered_map<int, Watched> watched;
    std::uint32_t last_generation = 0;
    std::map<std::pair<Instant, TimerId>, Function> timers;
    std::unordered_map<TimerId, Instant> due;
    TimerId last_timer = 0;

    // An event carries the generation too: a descriptor that is forgotten, closed and taken anew by the kernel within
    // one turn must not get what was meant for the old one.
    epoll_event event_for(int descriptor, std::uint32_t events, std::uint32_t generation) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(descriptor);
        return event;
    }

    void run_posted() {
        std::vector<Function> functions;
        {
            std::scoped_lock lock(posted_mutex);
            functions.swap(posted);
        }
        for (auto& function : functions) function();
    }

    void run_timers() {
        const auto now = std::chrono::steady_clock::now();
        while (!timers.empty() && timers.begin()->first.first <= now) {
            auto node = timers.extract(timers.begin());
            due.erase(node.key().second);
            node.mapped()();
        }
    }

    int timeout() const {
        if (timers.empty()) return -1;
        const auto wait = timers.begin()->first.first - std::chrono::steady_clock::now();
        const auto rounded_up = std::chrono::ceil<Milliseconds>(wait).count();
        return static_cast<int>(std::clamp<std::int64_t>(rounded_up, 0, 60'000));
    }
};

Loop::Loop() : self_(std::make_unique<Implementation>()) {
    self_->epoll = ::epoll_create1(EPOLL_CLOEXEC);
    self_->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self_->epoll < 0 || self_->wake < 0) throw std::system_error(errno, std::generic_category(), "event loop");
    auto event = self_->event_for(self_->wake, EPOLLIN, 0);
    ::epoll_ctl(self_->epoll, EPOLL_CTL_ADD, self_->wake, &event);
}

Loop::~Loop() {
    ::close(self_->wake);
    ::close(self_->epoll);
}

void Loop::run() {
    self_->thread = std::this_thread::get_id();
    std::array<epoll_event, 64> events{};
    while (!self_->stopping.load()) {
        const int count = ::epoll_wait(self_->epoll, events.data(), static_cast<int>(events.size()), self_->timeout());
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            const auto descriptor = static_cast<int>(event.data.u64 & 0xffffffffU);
            if (descriptor == self_->wake) {
                std::uint64_t drained = 0;
                [[maybe_unused]] const auto got = ::read(self_->wake, &drained, sizeof drained);
                continue;
            }
            const auto found = self_->watched.find(descriptor);
            if (found == self_->watched.end() || found->second.generation != event.data.u64 >> 32) continue;
            const auto ready = found->second.ready;  // a handler may forget its own descriptor
            (*ready)(event.events);
        }
        self_->run_posted();
        if (!self_->stopping.load()) self_->run_timers();
    }
    self_->run_posted();
    self_->thread = std::thread::id{};
    self_->stopping = false;
}

void Loop::stop() {
    self_->stopping = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(self_->wake, &one, sizeof one);
}

void Loop::post(Function function) {
    bool first = false;
    {
        std::scoped_lock lock(self_->posted_mutex);
        first = self_->posted.empty();
        self_->posted.push_back(std::move(function));
    }
    if (!first) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(self_->wake, &one, sizeof one);
}

void Loop::watch(int descriptor, std::uint32_t events, Ready ready) {
    const auto generation = ++self_->last_generation;
    self_->watched[descriptor] = {generation, std::make_shared<Ready>(std::move(ready))};
    auto event = self_->event_for(descriptor, events, generation);
    ::epoll_ctl(self_->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

void Loop::change(int descriptor, std::uint32_t events) {
    const auto found = self_->watched.find(descriptor);
    if (found == self_->watched.end()) return;
    auto event = self_->event_for(descriptor, events, found->second.generation);
    ::epoll_ctl(self_->epoll, EPOLL_CTL_MOD, descriptor, &event);
}

void Loop::forget(int descriptor) {
    if (self_->watched.erase(descriptor) > 0) ::epoll_ctl(self_->epoll, EPOLL_CTL_DEL, descriptor, nullptr);
}

Loop::TimerId Loop::after(Milliseconds delay, Function function) {
    const auto at = std::chrono::steady_clock::now() + delay;
    const TimerId timer = ++self_->last_timer;
    self_->timers.emplace(std::pair(at, timer), std::move(function));
    self_->due.emplace(timer, at);
    return timer;
}

void Loop::cancel(TimerId timer) {
    const auto found = self_->due.find(timer);
    if (found == self_->due.end()) return;
    self_->timers.erase({found->second, timer});
    self_->due.erase(found);
}

bool Loop::in_loop() const {
    return self_->thread.load() == std::this_thread::get_id();
}

}  // namespace moontide
