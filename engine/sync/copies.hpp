// The copies that exist, from the watch of our label into records.
#pragma once

#include "plan/content_hash.hpp"
#include "sync/board.hpp"
#include "watch/ingest.hpp"

#include <map>
#include <set>
#include <string>

namespace moontide::sync {

/// Of one kind; ingest thread only. Each object is parsed once, hashed as it is, and forgotten.
class Copies final : public watch::Consumer {
public:
    /// `synced` is called after each whole list.
    Copies(Board& board, plan::KindId kind, std::function<void(bool first)> synced);

    void relist_begun() override;
    void listed(std::string_view object_json) override;
    void relisted(kube::ResourceVersion version) override;
    void relist_abandoned() override;
    void changed(watch::EventType type, std::string_view object_json) override;
    void progressed(kube::ResourceVersion version) override;

private:
    void look_at(const plan::TargetKey& target, plan::UnitId unit, bool by_others);

    Board& board_;
    const plan::KindId kind_;
    const std::function<void(bool first)> synced_;
    plan::LiveReader reader_;
    std::map<plan::TargetKey, plan::Record> listed_;
    bool once_synced_ = false;
    std::set<std::string> policies_gone_;  // already told
};

/// What a live object is to us: our copy for that place, or somebody else's.
std::optional<plan::Record> record_of(Board& board, const plan::Live& live);

}  // namespace moontide::sync
