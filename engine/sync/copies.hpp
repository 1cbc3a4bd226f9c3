// The copies and parts that exist, from the watches of our labels into records.
#pragma once

#include "plan/content_hash.hpp"
#include "sync/board.hpp"
#include "watch/ingest.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace moontide::sync {

/// Of one kind, the copies or the parts; ingest thread only. Each object is parsed once, hashed as it is, and
/// forgotten.
class Copies final : public watch::Consumer {
public:
    /// `synced` is called after each whole list.
    Copies(Board& board, plan::KindId kind, plan::Watched watched, std::function<void(bool first)> synced);

    /// A list is on its way.
    bool is_listing() const { return listing_; }

    void relist_begun() override;
    void listed(std::string_view object_json) override;
    void relisted(kube::ResourceVersion version) override;
    void relist_abandoned() override;
    void changed(watch::EventType type, std::string_view object_json) override;
    void progressed(kube::ResourceVersion version) override;

private:
    /// What of ours the object is, by target: the copy, or each part.
    std::map<plan::TargetKey, plan::Record> records_in(const plan::Live& live) const;
    /// Whether that is news for the unit that it was or is of.
    struct News {
        std::optional<plan::UnitId> unit;
        bool by_others = false;
    };
    News note(plan::Have& have, const plan::TargetKey& target, const plan::Live& live,
              const std::optional<plan::Record>& record, bool deleted);
    void look_at(const plan::TargetKey& target, plan::UnitId unit, bool by_others);

    Board& board_;
    const plan::KindId kind_;
    const plan::Watched watched_;
    const std::function<void(bool first)> synced_;
    plan::LiveReader reader_;
    std::map<plan::TargetKey, plan::Record> listed_;
    bool listing_ = false;
    bool once_synced_ = false;
    std::set<std::string> policies_gone_;  // already told
};

/// What a live object is to us: our copy for that place, or somebody else's.
std::optional<plan::Record> record_of(Board& board, const plan::Live& live);

/// What of the unit is in a live object that is not its copy.
std::optional<plan::Record> part_of(Board& board, const plan::Live& live, plan::UnitId unit);

}  // namespace moontide::sync
