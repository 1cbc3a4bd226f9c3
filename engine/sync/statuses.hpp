// What owners were told: what is on its way, what stands, and the one who writes it.
#pragma once

#include "base/guarded.hpp"
#include "base/loop.hpp"
#include "status/writer.hpp"
#include "sync/board.hpp"
#include "sync/owner_report.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace moontide::sync {

/// Any thread, but for close().
class Statuses {
public:
    Statuses(Board& board, Loop& io, status::StatusWriterOptions options);

    /// The owner's status as it is, or will be with what is on its way; null where it has none. `object` is what the
    /// watch shows.
    nlohmann::json standing(plan::UnitId owner, const kube::Object& object) const;
    /// Writes it unless it is what stands.
    void tell(plan::UnitId owner, const kube::Resource& resource, const kube::Object& object, nlohmann::json status);
    /// How long the owner is not to be told yet: one that has settled once a second, one whose pass is under way when
    /// that takes long, and then now and then. Zero: now, which counts.
    Milliseconds due_in(plan::UnitId owner, bool settled);
    void forget(plan::UnitId owner);

    /// Zero: the pass that is under way takes long. It begins where it was not asked about since the last one ended.
    Milliseconds long_in(plan::UnitId owner);
    void pass_ended(plan::UnitId owner);

    /// What the owner was told last of its units is in doubt, until it is told of a settled pass again by a look that
    /// began afterwards.
    void doubt(plan::UnitId owner);
    bool is_in_doubt(plan::UnitId owner) const;
    /// Before anything is read that the owner is told of.
    void look_begins(plan::UnitId owner);
    /// Counts unless it was in doubt again since its look began. `dated`: what it was told depends on when copies were
    /// written. `object` as for standing().
    void told_of(plan::UnitId owner, const kube::Object& object, Shares shares, bool dated);
    /// Its status is what it was told last: nobody else has written it since.
    bool stands(plan::UnitId owner, const kube::Object& object) const;
    bool is_told(plan::UnitId owner, const Share& share) const;
    /// That unit may add something else now than the owner was told, or is being told.
    void question(plan::UnitId owner, plan::UnitId unit);
    /// The units in question since this was asked last; nothing where all is in doubt.
    std::optional<std::set<plan::UnitId>> questions(plan::UnitId owner);

    /// Statements that are not written yet.
    std::size_t waiting() const { return writer_.waiting(); }
    /// Io thread: what waits is written at once, and `drained` runs when the last answer has come.
    void close(std::function<void()> drained) { writer_.close(std::move(drained)); }

private:
    struct Known {
        std::string uid;
        std::optional<nlohmann::json> submitted;  ///< on its way, or refused and tried again
        kube::ResourceVersion version = 0;        ///< of the owner, as the last answer had it
        nlohmann::json made;                      ///< what the server made of the last one
        std::optional<nlohmann::json> sent;       ///< where that is not what was sent: the definition lacks a field
        std::optional<Instant> told;              ///< of a settled pass, last
        std::optional<Instant> next;              ///< while a pass is under way: when that is to be told
    };

    struct Told {
        bool is_known = false;  ///< else the look that is to tell it goes on
        Shares shares;
        bool dated = true;
        std::size_t status = 0;  ///< a hash of it
        std::set<plan::UnitId> in_question;
    };

    static nlohmann::json standing(const Known* known, const kube::Object& object);
    void told(const status::Stated& stated);

    Board& board_;
    Guarded<std::unordered_map<plan::UnitId, Known>> known_;
    Guarded<std::unordered_map<plan::UnitId, Told>> told_;  // of owners that are not in doubt
    status::StatusWriter writer_;
};

}  // namespace moontide::sync
