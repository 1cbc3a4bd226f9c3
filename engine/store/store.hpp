// Records of copies in one PostgreSQL database: what owners want there, kept true there.
#pragma once

#include "base/clock.hpp"
#include "store/row.hpp"
#include "store/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moontide::store {

/// How it is with the database.
struct State {
    bool connected = false;
    /// A connection was made, or was tried and failed; else the first try is under way.
    bool tried = false;
    /// Connected, the table is as it must be, and the last thing that was asked for was done: DatabaseReady.
    bool ready = false;
    std::string message;  ///< one line; why it is not ready
    /// When a row was last written, deleted or seen to be right; by our clock.
    std::optional<WallTime> last_success;

    bool operator==(const State&) const = default;
};

/// How it is with the rows of one owner.
struct OwnerState {
    std::size_t waiting = 0;  ///< rows that are not as the owner wants them yet
    std::size_t refused = 0;  ///< of these, rows that the database does not take; tried again, ever more rarely
    /// The first few of them and why.
    std::vector<std::pair<Key, std::string>> refusals;
    std::string message;  ///< why others wait: another session is in the way. They are tried again soon
    /// Of the row that changed last, as the table has it: a restart does not move it. For lastSyncTime.
    std::optional<WallTime> last_written;

    bool operator==(const OwnerState&) const = default;
};

struct Options {
    std::string name;                       ///< of the Secret, for log lines
    std::size_t connections = 2;            ///< at most; the second one only while owners wait
    std::size_t waiting_bytes = 64u << 20;  ///< of rows that wait while the database is away; beyond it see `again`
    std::size_t batch_rows = 256;
    std::size_t batch_bytes = 4u << 20;
    Milliseconds connect{10'000};    ///< for names, TCP, TLS and login together
    Milliseconds statement{20'000};  ///< the server gives up a statement after this
    Milliseconds answer{25'000};     ///< we give up a server that says nothing for this long
    Milliseconds probe{15'000};      ///< an idle connection is asked whether it lives
    Milliseconds backoff_first{500};
    Milliseconds backoff_last{30'000};
    Milliseconds refused_again{300'000};  ///< then doubling, to 16 times that
    std::uint64_t seed = 0;               ///< of the jitter
    std::function<bool()> may_write;      ///< asked before each job; null: always. A no is asked again within `probe`
};

/// One a database, shared by its owners. Every call is from any thread and returns at once; the work is done on
/// threads of its own. Calls are what an owner wants, not commands: a later one for the same row takes the place of an
/// earlier one, and what is already so is not written.
class Store {
public:
    /// Called on the Store's threads with no lock held, so that they may call the Store; never after its end.
    /// They must not wait, and must not destroy the Store.
    struct Hooks {
        /// state() has changed, in more than last_success.
        std::function<void()> changed;
        /// state(owner) has changed, or nothing of what it wanted waits any more.
        std::function<void(const Owner&)> told;
        /// What remove_all() asked for is done: the database has no row of that owner.
        std::function<void(const Owner&)> gone;
        /// Rows of that owner are not in the database although they were put: too much was waiting, or the table was
        /// dropped and made anew. Call replace() with all of them.
        std::function<void(const Owner&)> again;
    };

    Store(Settings settings, Options options, Hooks hooks, const Clock& clock = system_clock());
    /// Within 2 s, also when the server hangs: what is under way has a second to be answered.
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    void put(const Owner& owner, std::vector<Row> rows);
    void remove(const Owner& owner, const std::vector<Key>& keys);
    /// These are all: other rows of that owner go. For a start, which does not know what went meanwhile.
    void replace(const Owner& owner, std::vector<Row> rows);
    /// Every row of that owner goes; `gone` answers, again after each call.
    void remove_all(const Owner& owner);
    /// Nothing more is done for that owner; its rows stay as they are.
    void release(const Owner& owner);

    /// The Secret has changed: connects anew, at once. Where it is another database (Settings::same_database), make
    /// another Store instead.
    void use(Settings settings);

    State state() const;
    OwnerState state(const Owner& owner) const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

}  // namespace moontide::store
