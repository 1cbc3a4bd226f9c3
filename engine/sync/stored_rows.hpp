// Records of owners' sources in the PostgreSQL databases that their Secrets lead to.
#pragma once

#include "sync/databases.hpp"
#include "sync/rows.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace moontide::sync {

class StoredRows final : public Rows {
public:
    StoredRows(Board& board, Loop& io);

    void keep(const Unit& owner, const std::optional<kube::Ref>& secret, const Sources& sources) override;
    std::optional<std::string> left(const Unit& owner, const std::optional<kube::Ref>& secret) override;
    std::optional<policy::Report::Store> state(const Unit& owner) override;
    bool is_busy(const Unit& owner) override;
    void forget(const Unit& owner) override;
    void close() override;
    void join() override;

private:
    /// What becomes of an owner's rows.
    enum class Course {
        kept,     ///< they are to be as the sources are
        removed,  ///< the owner ends: they go
        gone,     ///< they have gone
    };
    struct Kept {
        // Guarded by the mutex.
        kube::Ref secret = {};
        store::Owner owner = {};
        Course course = Course::kept;
        bool forgotten = false;          ///< nobody asks any more what became of them
        std::uint64_t removed_from = 0;  ///< the number of the Store that was asked for that
        bool wants_all = false;          ///< rows that were given are not there
        Instant since = {};              ///< when something was last asked of the database
        // Of the thread in keep(): as given to the Store with that number.
        std::map<store::Key, kube::ResourceVersion> given = {};
        std::uint64_t store = 0;
        bool superfluous = false;  ///< rows of sources that nobody knows of may be there
    };
    using KeptPtr = std::shared_ptr<Kept>;

    /// Of an owner with that Secret, from now on; rows that it has by another one stay where they are.
    KeptPtr take(const Unit& owner, const kube::Ref& secret, Course course);
    /// Its rows stay.
    void release(const Unit& owner);
    void drop(plan::UnitId owner);
    void say_they_stay(const Unit& owner, const kube::Ref& secret);
    std::optional<policy::Report::Store> state_now(const Kept& kept) const;
    void stir(const kube::Ref& secret, const store::Owner* owner = nullptr);
    void gone(const kube::Ref& secret, std::uint64_t store, const store::Owner& owner);

    Board& board_;
    mutable std::mutex mutex_;
    std::map<plan::UnitId, KeptPtr> owners_;                                    // guarded by mutex_
    std::optional<std::map<plan::UnitId, policy::Report::Store>> last_states_;  // guarded by mutex_; since close()
    Databases databases_;                                                       // its hooks use what is above
};

}  // namespace moontide::sync
