// What owners want that is not in the database yet.
#pragma once

#include "base/clock.hpp"
#include "store/job.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace moontide::store {

/// Pure: no I/O, no lock, no clock. A row is kept once, as it was put last; an owner's jobs are given out one at a
/// time, so that they come to the database in their order, and owners take turns.
class Backlog {
public:
    explicit Backlog(const Options& options) : options_(options) {}

    /// What callers of the Store want; `flows`: the database takes rows now, so that none need be left out.
    void put(const Owner& owner, std::vector<Row> rows, bool flows);
    void remove(const Owner& owner, const std::vector<Key>& keys);
    void replace(const Owner& owner, std::vector<Row> rows, bool flows);
    void remove_all(const Owner& owner);
    void release(const Owner& owner);

    /// The next job; its owner has no other until done() or back(). While the database takes nothing, nobody is asked
    /// for rows that would be left out again.
    std::optional<Job> take(Instant now, bool flows);
    void done(const Job& job, const Outcome& outcome, Instant now);
    /// It was not carried out, or not known to be.
    void back(const Job& job);

    /// Owners that could be worked for now.
    std::size_t ready(Instant now) const;
    /// When an owner that waits for its time is next; nothing where none does.
    std::optional<Instant> next(Instant now) const;
    /// Whether there is nothing that the database could be tried with.
    bool empty() const;

    OwnerState state(const Owner& owner) const;
    /// The same, once for each change that is worth telling.
    std::optional<OwnerState> news(const Owner& owner);
    /// Owners of whom rows were stored, when the table turns out to be a new one: they are asked again.
    void forget_stored();

private:
    struct Refused {
        RowPtr row;  // null: its removal
        std::string message;
    };
    struct Whole {
        std::set<Key> keys;
        unsigned version = 0;
    };
    struct Work {
        std::map<Key, RowPtr> changes;  // null: the row goes
        std::optional<Whole> whole;
        std::map<Key, Refused> refused;
        std::optional<WallTime> last_written;
        Instant not_before{};     // somebody was in the way
        Instant refused_again{};  // when what was refused is tried again
        unsigned revived = 0;     // how often it was
        unsigned hindered = 0;    // how often somebody was in the way, in a row
        std::string hindrance;
        unsigned clearing = 0;  // remove_all() that is not answered; counts the calls
        unsigned cleared = 0;   // `clearing` when the job was given out
        unsigned whole_given = 0;
        bool left_out = false;  // rows were put and not kept
        bool stored = false;
        bool busy = false;
        bool queued = false;
        bool owes_word = false;  // a job was given out since its owner was told that nothing waits
        OwnerState told;

        bool wanting() const { return clearing > 0 || left_out || !changes.empty() || whole.has_value(); }
    };

    Work& work_of(const Owner& owner);
    void add(Work& work, Row row, bool flows);
    void leave_out(Work& work);
    void drop(Work& work, const Key& key);
    void queue(const Owner& owner, Work& work);
    void revive(Work& work, Instant now);
    static OwnerState state_of(const Work& work);
    void settle(Work& work, const Key& key, const RowPtr& given, const std::string* refused);
    void hinder(Work& work, const Outcome& outcome, Instant now) const;

    const Options options_;
    std::map<Owner, Work> owners_;
    std::deque<Owner> turns_;
    std::size_t bytes_ = 0;
    unsigned versions_ = 0;
};

}  // namespace moontide::store
