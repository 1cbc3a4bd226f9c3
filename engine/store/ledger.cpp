#include "store/ledger.hpp"

#include "base/log.hpp"

#include <utility>

namespace moontide::store {

namespace {

bool differ(const State& one, const State& other) {
    return one.connected != other.connected || one.ready != other.ready || one.message != other.message;
}

}  // namespace

template <typename Function>
void Ledger::change_state(Function&& change) {
    State state;
    bool differs = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto before = state_;
        change();
        state_.ready = state_.connected && trouble_.empty();
        if (state_.ready) state_.message.clear();
        if (state_.connected && !trouble_.empty()) state_.message = trouble_;
        state = state_;
        differs = differ(before, state_);
    }
    if (!differs) return;
    if (state.ready) {
        log::info("the database takes rows", {{"secret", options_.name}});
    } else {
        log::warn("the database takes no rows", {{"secret", options_.name}, {"reason", state.message}});
    }
    if (hooks_.changed) hooks_.changed();
}

void Ledger::ring() const {
    for (const auto& bell : bells_) bell.ring();
}

void Ledger::use(Settings settings) {
    {
        const std::scoped_lock lock(mutex_);
        if (settings == settings_) return;
        settings_ = std::move(settings);
        ++settings_version_;
    }
    ring();
}

State Ledger::state() const {
    const std::scoped_lock lock(mutex_);
    return state_;
}

OwnerState Ledger::state(const Owner& owner) const {
    const std::scoped_lock lock(mutex_);
    return backlog_.state(owner);
}

std::pair<Settings, std::uint64_t> Ledger::settings() const {
    const std::scoped_lock lock(mutex_);
    return {settings_, settings_version_};
}

std::uint64_t Ledger::settings_version() const {
    const std::scoped_lock lock(mutex_);
    return settings_version_;
}

std::optional<Job> Ledger::take() {
    const std::scoped_lock lock(mutex_);
    if (ending_ || (options_.may_write && !options_.may_write())) return {};
    auto job = backlog_.take(clock_.now(), state_.ready);
    if (job) ++under_way_;
    return job;
}

void Ledger::done(const Job& job, const Outcome& outcome) {
    std::optional<OwnerState> news;
    change_state([&] {
        backlog_.done(job, outcome, clock_.now());
        news = backlog_.news(job.owner);
        --under_way_;
        if (std::holds_alternative<AskAgain>(job.what)) return;
        trouble_.clear();
        state_.last_success = clock_.wall();
    });
    idle_.notify_all();
    if (std::holds_alternative<AskAgain>(job.what) && hooks_.again) hooks_.again(job.owner);
    if (std::holds_alternative<RemoveAll>(job.what) && outcome.later.empty() && hooks_.gone) hooks_.gone(job.owner);
    if (news && hooks_.told) hooks_.told(job.owner);
}

void Ledger::back(const Job& job, const std::string& trouble) {
    change_state([&] {
        backlog_.back(job);
        if (!trouble.empty()) trouble_ = trouble;
        --under_way_;
    });
    idle_.notify_all();
}

bool Ledger::crowded() const {
    const std::scoped_lock lock(mutex_);
    return state_.ready && under_way_ > 0 && backlog_.ready(clock_.now()) > 0;
}

std::optional<Instant> Ledger::next() const {
    const std::scoped_lock lock(mutex_);
    return backlog_.next(clock_.now());
}

void Ledger::connected(bool made_table) {
    change_state([&] {
        state_.connected = state_.tried = true;
        if (made_table) backlog_.forget_stored();
    });
    ring();
}

void Ledger::lost(const std::string& why) {
    change_state([&] {
        state_.connected = false;
        state_.tried = true;
        state_.message = why;
    });
}

void Ledger::answered() {
    change_state([&] {
        // Whose job failed may have been released since.
        if (backlog_.empty()) trouble_.clear();
    });
}

bool Ledger::ending() const {
    const std::scoped_lock lock(mutex_);
    return ending_;
}

void Ledger::end(Milliseconds grace) {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    ring();
    {
        std::unique_lock lock(mutex_);
        idle_.wait_for(lock, grace, [this] { return under_way_ == 0; });
    }
    last_call_.ring();
}

}  // namespace moontide::store
