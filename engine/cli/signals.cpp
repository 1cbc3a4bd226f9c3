#include "cli/signals.hpp"

#include "base/log.hpp"

#include <array>
#include <csignal>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace moontide::cli {

namespace {

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void poke(int eventfd) {
    const std::uint64_t one = 1;
    // A counter that is full is poked already.
    [[maybe_unused]] const auto written = write(eventfd, &one, sizeof one);
}

}  // namespace

Signals::Signals() {
    const auto set = awaited_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // Writing to a client that has gone is an error of that write, not the end.
    std::signal(SIGPIPE, SIG_IGN);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    incoming_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    thread_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
}

Signals::~Signals() {
    thread_.request_stop();
    poke(wake_);
    thread_.join();
    close(incoming_);
    close(wake_);
}

void Signals::listen(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "signals");
    while (!stop.stop_requested()) {
        int timeout = -1;
        {
            std::scoped_lock lock(mutex_);
            if (end_by_) {
                const auto left = std::chrono::ceil<Milliseconds>(*end_by_ - system_clock().now());
                if (left.count() <= 0) {
                    if (end_code_ != 0) log::error("the end takes too long; leaving now");
                    _exit(end_code_);
                }
                timeout = static_cast<int>(left.count());
            }
        }
        std::array<pollfd, 2> ready{pollfd{incoming_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
        poll(ready.data(), ready.size(), timeout);
        std::uint64_t pokes = 0;
        [[maybe_unused]] const auto woken = read(wake_, &pokes, sizeof pokes);
        signalfd_siginfo info{};
        while (read(incoming_, &info, sizeof info) == sizeof info) {
            std::scoped_lock lock(mutex_);
            if (signal_ != 0) _exit(1);
            signal_ = static_cast<int>(info.ssi_signo);
            changed_.notify_all();
        }
    }
}

std::optional<const char*> Signals::seen() const {
    std::scoped_lock lock(mutex_);
    if (signal_ == 0) return std::nullopt;
    return signal_ == SIGTERM ? "SIGTERM" : "SIGINT";
}

void Signals::wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return signal_ != 0; });
}

void Signals::end_by(Milliseconds deadline, int code) {
    {
        std::scoped_lock lock(mutex_);
        end_by_ = system_clock().now() + deadline;
        end_code_ = code;
    }
    poke(wake_);
}

}  // namespace moontide::cli
