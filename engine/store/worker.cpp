#include "store/worker.hpp"

#include "store/waiting.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace moontide::store {

namespace {

constexpr std::chrono::hours for_ever(24);

Instant steady_now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Worker::Worker(Ledger& ledger, std::size_t number)
    : ledger_(ledger),
      number_(number),
      limits_{ledger.options().connect, ledger.options().statement, ledger.options().answer},
      backoff_(ledger.options().backoff_first, ledger.options().backoff_last, ledger.options().seed + number),
      thread_([this] {
          ::pthread_setname_np(::pthread_self(), "store");
          run();
      }) {}

void Worker::run() {
    while (!ledger_.ending()) {
        if (settings_version_ != ledger_.settings_version()) {
            session_.reset();
            failures_ = 0;
        }
        if (session_) {
            work();
        } else if (first() || ledger_.crowded()) {
            connect();
        } else {
            wait_for(ledger_.bell(number_).number(), Awaited::readable, steady_now() + for_ever, -1);
            ledger_.bell(number_).quiet();
        }
    }
}

void Worker::connect() {
    auto [settings, version] = ledger_.settings();
    settings_version_ = version;
    auto session = Session::open(settings, limits_, ledger_.last_call().number(), earlier_);
    if (!session) return lose(session.error().message);
    session_.emplace(std::move(*session));
    if (first() || session_->made_table()) ledger_.connected(session_->made_table());
}

void Worker::lose(const std::string& why) {
    session_.reset();
    ++failures_;
    if (ledger_.ending()) return;
    if (first()) ledger_.lost(why);
    back_off();
}

void Worker::work() {
    const auto job = ledger_.take();
    if (!job) return rest();
    auto outcome = session_->carry_out(*job);
    if (!outcome) {
        // Whether it was written is not known: it is done again, after what may be left of it has ended.
        earlier_.push_back(session_->backend());
        ledger_.back(*job, "");
        return lose(outcome.error().message);
    }
    if (outcome->trouble.empty()) {
        failures_ = 0;
        return ledger_.done(*job, *outcome);
    }
    ledger_.back(*job, outcome->trouble);
    if (outcome->stale) session_.reset();
    // A table that was dropped is made anew at once; what stays wrong is tried ever more rarely.
    if (++failures_ > 1 || !outcome->stale) back_off();
}

void Worker::rest() {
    auto& bell = ledger_.bell(number_);
    const auto until = steady_now() + ledger_.options().probe;
    const auto next = ledger_.next();
    const auto waited = wait_for(session_->connection().socket(), Awaited::readable,
                                 next ? std::min(until, *next) : until, bell.number());
    bell.quiet();
    if (waited == Waited::ready && !session_->connection().alive()) return lose(session_->connection().lost().message);
    if (waited != Waited::late || steady_now() < until) return;
    if (!first()) return session_.reset();
    if (const auto answered = session_->probe(); !answered) return lose(answered.error().message);
    failures_ = 0;
    ledger_.answered();
}

void Worker::back_off() {
    const auto until = steady_now() + backoff_.delay(failures_);
    auto& bell = ledger_.bell(number_);
    while (!ledger_.ending() && settings_version_ == ledger_.settings_version()) {
        if (wait_for(bell.number(), Awaited::readable, until, -1) == Waited::late) return;
        bell.quiet();
    }
}

}  // namespace moontide::store
