// A Store under test, and what it has told.
#pragma once

#include "environment.hpp"
#include "postgres/server.hpp"
#include "store/store.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace moontide::store::test {

using namespace std::chrono_literals;

inline const Owner mirror{"ops", "mirror"};

inline Row row(const std::string& name, const std::string& data = R"({"a":"1"})") {
    Row made;
    made.key = {"app", name};
    made.data = data;
    return made;
}

/// Short waits, so that faults are noticed within a test.
inline Options quick() {
    Options options;
    options.name = "ops/database";
    options.connect = moontide::test::patient(2'000ms);
    options.statement = moontide::test::patient(1'000ms);
    options.answer = moontide::test::patient(1'200ms);
    options.probe = 300ms;
    options.backoff_first = 20ms;
    options.backoff_last = 100ms;
    return options;
}

/// Counts what hooks tell, and waits for it. The hooks come from the Store's threads.
class Witness {
public:
    explicit Witness(Settings settings, Options options = quick())
        : store_(
              std::make_unique<Store>(std::move(settings), std::move(options),
                                      Store::Hooks{[this] { note([] {}); }, [this](const Owner&) { note([] {}); },
                                                   [this](const Owner& owner) { note([&] { gone_.insert(owner); }); },
                                                   [this](const Owner& owner) {
                                                       note([&] { again_.insert(owner); });
                                                       if (on_again) on_again(owner);
                                                   }})) {}

    Store* operator->() { return store_.get(); }
    void end() { store_.reset(); }

    /// Waits for it; false when it does not come.
    bool await(const std::function<bool(Store&)>& condition) {
        std::unique_lock lock(mutex_);
        const auto deadline = std::chrono::steady_clock::now() + moontide::test::patient(10s);
        for (;;) {
            const auto seen = told_;
            lock.unlock();
            const bool holds = condition(*store_);
            lock.lock();
            if (holds) return true;
            // Not everything that changes is told, as the number of rows that wait.
            if (std::chrono::steady_clock::now() > deadline) return false;
            news_.wait_for(lock, 20ms, [&] { return told_ != seen; });
        }
    }
    bool await_ready() {
        return await([](Store& store) { return store.state().ready; });
    }
    bool await_not_ready() {
        return await([](Store& store) { return !store.state().ready; });
    }
    /// Nothing waits but what was refused.
    bool await_settled(const Owner& owner = mirror) {
        return await([&](Store& store) {
            const auto state = store.state(owner);
            return store.state().ready && state.waiting == state.refused;
        });
    }
    bool await_gone(const Owner& owner = mirror) {
        return await([&](Store&) { return was_gone(owner); });
    }
    bool was_gone(const Owner& owner = mirror) {
        const std::scoped_lock lock(mutex_);
        return gone_.contains(owner);
    }
    bool was_asked_again(const Owner& owner = mirror) {
        const std::scoped_lock lock(mutex_);
        return again_.contains(owner);
    }

    std::function<void(const Owner&)> on_again;

private:
    void note(const std::function<void()>& what) {
        {
            const std::scoped_lock lock(mutex_);
            what();
            ++told_;
        }
        news_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable news_;
    unsigned told_ = 0;
    std::set<Owner> gone_;
    std::set<Owner> again_;
    std::unique_ptr<Store> store_;  // last: its threads call note()
};

}  // namespace moontide::store::test
