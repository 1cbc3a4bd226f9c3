// What comes true at the server, counted as watches bring it, without keeping objects.
#pragma once

#include "base/loop.hpp"
#include "kube/client.hpp"
#include "kube/object.hpp"
#include "watch/line.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace moontide::bench {

struct Sight {
    std::size_t copies = 0;        ///< that stand
    std::size_t copy_changes = 0;  ///< made, changed or deleted, since the beginning
    std::size_t owners = 0;
    std::size_t ready = 0;          ///< of these, whose Ready is True at their generation
    std::size_t status_writes = 0;  ///< changes of owners, whoever wrote them
    std::chrono::steady_clock::time_point last_copy;
    std::string failure;  ///< a watch ended
};

/// Watches the copies of one instance and the objects of one kind on a thread of its own, until it is destroyed.
class Onlooker {
public:
    /// `owners` is the path of the owners' collection.
    Onlooker(const kube::Access& access, const std::string& owners);
    ~Onlooker();
    Onlooker(const Onlooker&) = delete;
    Onlooker& operator=(const Onlooker&) = delete;

    Sight sight() const;
    /// Until `enough(sight)`; throws at the deadline, or where a watch ended, saying what is seen.
    template <typename Enough>
    Sight await(const std::string& what, Enough&& enough, Milliseconds deadline) const {
        const auto until = std::chrono::steady_clock::now() + deadline;
        std::unique_lock lock(mutex_);
        bool late = false;
        while (!enough(sight_)) {
            if (late || !sight_.failure.empty()) give_up(what);
            late = changed_.wait_until(lock, until) == std::cv_status::timeout;
        }
        return sight_;
    }

private:
    struct Eye;
    void look(const std::string& path, bool at_owners);
    void begin(Eye& eye);
    void fail(std::string why);
    void seen(const Eye& eye, std::string_view line);
    [[noreturn]] void give_up(const std::string& what) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Sight sight_;  // guarded by mutex_

    watch::LineReader lines_;  // of the loop's thread, as all below
    kube::Reader reader_;
    std::set<std::string> copies_;
    std::set<std::string> owners_;
    std::set<std::string> ready_;
    Loop loop_;
    std::unique_ptr<kube::Client> client_;
    std::vector<std::unique_ptr<Eye>> eyes_;
    std::jthread thread_;
};

}  // namespace moontide::bench
