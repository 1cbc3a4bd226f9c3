// The databases that Secrets lead to: each Secret read again and again, and a store::Store behind it.
#pragma once

#include "base/loop.hpp"
#include "kube/client.hpp"
#include "store/store.hpp"
#include "sync/board.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace moontide::sync {

/// Any thread. A Secret is read by GET, which asks for the least of rights: every SyncOptions::secrets_again, more
/// often while its database does not take rows. One that cannot be read changes nothing; one that is gone ends the
/// Store.
class Databases {
public:
    /// Called with no lock of this held, from any thread.
    struct Hooks {
        /// Another state, or another Store.
        std::function<void(const kube::Ref& secret)> changed;
        /// The Secret leads to another database than before; what is in that one stays there.
        std::function<void(const kube::Ref& secret)> moved;
        /// Of the Store with that number, as store::Store::Hooks has them.
        std::function<void(const kube::Ref& secret, std::uint64_t store, const store::Owner&)> told;
        std::function<void(const kube::Ref& secret, std::uint64_t store, const store::Owner&)> gone;
        std::function<void(const kube::Ref& secret, std::uint64_t store, const store::Owner&)> again;
    };

    Databases(Board& board, Loop& io, Hooks hooks);
    ~Databases();

    /// Reads it from now on.
    void use(const kube::Ref& secret);
    /// Nobody needs it any more.
    void leave(const kube::Ref& secret);

    struct State {
        bool known = false;        ///< else the first answer is on its way
        std::uint64_t store = 0;   ///< the number of its Store; 0: there is none
        std::string reason = {};   ///< where there is none, CamelCase
        std::string message = {};  ///< and in words
        store::State database = {};
        store::OwnerState owner = {};
    };
    State state(const kube::Ref& secret, const store::Owner& owner) const;
    /// False, and nothing done, where that Store is not the Secret's any more.
    bool with(const kube::Ref& secret, std::uint64_t store, const std::function<void(store::Store&)>& act);

    /// Stores end, none is made any more. Returns at once; join() waits for their ends, 2 s at most.
    void close();
    void join();

private:
    struct Entry {
        std::uint64_t turn = 0;  ///< of the last reading; others are late
        std::optional<store::Settings> settings = {};
        std::unique_ptr<store::Store> store = {};
        std::uint64_t number = 0;
        bool known = false;
        std::string reason = {};
        std::string message = {};
    };
    struct Ending {
        std::shared_ptr<std::atomic<bool>> over;
        std::jthread thread;
    };

    // Io thread.
    void read(const kube::Ref& secret);
    void took(const kube::Ref& secret, std::uint64_t turn, const Result<kube::Answer>& answer);

    void cannot(const kube::Ref& secret, Entry& entry, std::string reason, std::string message);
    void lead_to(const kube::Ref& secret, Entry& entry, store::Settings settings);
    void store_changed(const kube::Ref& secret, std::uint64_t number);
    void end(std::unique_ptr<store::Store> store);

    Board& board_;
    Loop& io_;
    const Hooks hooks_;
    mutable std::mutex mutex_;
    std::map<kube::Ref, Entry> entries_;  // guarded by mutex_, as all below
    std::vector<Ending> endings_;
    std::uint64_t numbers_ = 0;
    bool closed_ = false;
};

}  // namespace moontide::sync
