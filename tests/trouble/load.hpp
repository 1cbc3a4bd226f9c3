// What users do all the while, whether the API server takes it or not.
#pragma once

#include "scene.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace moontide::trouble {

/// Changes sources, opts namespaces out and in, edits and deletes copies, on a thread of its own until it is stopped.
class Load {
public:
    explicit Load(Scene& scene, std::uint64_t seed = 1);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    void stop();
    /// Acts that the server took.
    std::size_t done() const { return done_; }

private:
    void act(test::Api& api);
    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

    Scene& scene_;
    std::mt19937_64 random_;
    std::atomic<std::size_t> done_{0};
    std::mutex mutex_;
    std::condition_variable_any woken_;
    std::jthread thread_;
};

}  // namespace moontide::trouble
