// A thread with a connection, that does jobs one after the other.
#pragma once

#include "base/clock.hpp"
#include "store/ledger.hpp"
#include "store/session.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace moontide::store {

/// The first one of a Store keeps its connection and says how the database is; the others connect while owners wait
/// and leave when there is nothing to do.
class Worker {
public:
    Worker(Ledger& ledger, std::size_t number);
    /// Joins; Ledger::end() has been called before.
    ~Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

private:
    void run();
    void connect();
    void work();
    void rest();
    /// Until the delay is over, the settings change or all ends.
    void back_off();
    void lose(const std::string& why);
    bool first() const { return number_ == 0; }

    Ledger& ledger_;
    const std::size_t number_;
    const Limits limits_;
    Backoff backoff_;
    unsigned failures_ = 0;
    std::uint64_t settings_version_ = 0;
    std::vector<Backend> earlier_;
    std::optional<Session> session_;
    std::jthread thread_;
};

}  // namespace moontide::store
