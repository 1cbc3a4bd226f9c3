// What a Store's callers and its threads share: the backlog, the settings, the state, and who is told of changes.
#pragma once

#include "store/backlog.hpp"
#include "store/descriptor.hpp"
#include "store/settings.hpp"
#include "store/store.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moontide::store {

/// Any thread; the hooks are called with no lock held.
class Ledger {
public:
    Ledger(Settings settings, Options options, Store::Hooks hooks, const Clock& clock)
        : options_(std::move(options)),
          hooks_(std::move(hooks)),
          clock_(clock),
          settings_(std::move(settings)),
          backlog_(options_) {}

    const Options& options() const { return options_; }

    /// A caller's wish, and the threads that might be asleep are woken: `change(backlog, flows)`.
    template <typename Function>
    void wish(Function&& change) {
        {
            const std::scoped_lock lock(mutex_);
            change(backlog_, state_.ready);
        }
        ring();
    }
    void use(Settings settings);
    State state() const;
    OwnerState state(const Owner& owner) const;

    std::pair<Settings, std::uint64_t> settings() const;
    std::uint64_t settings_version() const;

    /// Counted as under way until done() or back().
    std::optional<Job> take();
    void done(const Job& job, const Outcome& outcome);
    void back(const Job& job, const std::string& trouble);
    /// Whether another connection would have something to do.
    bool crowded() const;
    std::optional<Instant> next() const;

    void connected(bool made_table);
    void lost(const std::string& why);
    /// The server answers though nothing was to be done.
    void answered();

    /// A bell that rings when there may be something to do; one for each thread.
    Bell& bell(std::size_t thread) { return bells_[thread]; }
    void make_bells(std::size_t count) { bells_ = std::vector<Bell>(count); }
    /// Rings when nothing may be waited for any more.
    const Bell& last_call() const { return last_call_; }

    bool ending() const;
    /// Threads begin nothing new. What is under way has `grace` to be answered.
    void end(Milliseconds grace);

private:
    void ring() const;
    /// Tells of a change of the state that `change` makes.
    template <typename Function>
    void change_state(Function&& change);

    const Options options_;
    const Store::Hooks hooks_;
    const Clock& clock_;
    Bell last_call_;
    std::vector<Bell> bells_;

    mutable std::mutex mutex_;
    std::condition_variable idle_;
    // Guarded by mutex_:
    Settings settings_;
    std::uint64_t settings_version_ = 1;
    Backlog backlog_;
    State state_{.message = "not connected yet", .last_success = {}};
    std::string trouble_;  // of the last job; empty: it was done
    std::size_t under_way_ = 0;
    bool ending_ = false;
};

}  // namespace moontide::store
