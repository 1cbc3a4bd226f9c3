// The objects that `with` asks for: watched from the first one on, only those that somebody asked for.
#pragma once

#include "base/loop.hpp"
#include "sync/board.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace moontide::sync {

/// Any thread.
class Companions {
public:
    Companions(Board& board, Loop& io);
    ~Companions();

    /// The copies of a unit in a namespace (0: the whole unit) depend on that object, there or not.
    void ask(const kube::Ref& ref, plan::UnitId unit, plan::NameId namespace_name);
    void forget(plan::UnitId unit);
    /// Everything that the whole unit asked for is known: from now on only its spots wait for changes.
    void complete(plan::UnitId unit);

    struct Answer {
        bool known = false;      ///< else it is on its way, and those who asked are looked at again when it is there
        kube::ObjectPtr object;  ///< null where it is known to be absent
    };
    Answer find(const kube::Ref& ref);
    bool synced() const;
    template <typename Function>
    void each_namespace(Function&& function) const {
        std::scoped_lock lock(mutex_);
        for (const auto& [ref, askers] : askers_) {
            for (const auto& [unit, namespace_name] : askers) function(namespace_name);
        }
    }

private:
    struct Kind;

    Kind& kind_of(const kube::Ref& ref);
    void start(Kind& kind);
    void fetch(Kind& kind, const kube::Ref& ref);
    void list(Kind& kind, const kube::Ref& ref, kube::ResourceVersion from);
    void listed(Kind& kind, const kube::Ref& ref, const std::string& body);
    cache::Feed::Filter filter_of(Kind& kind);
    void stir(const kube::Ref& ref);

    Board& board_;
    Loop& io_;
    mutable std::mutex mutex_;
    std::map<kube::Kind, std::unique_ptr<Kind>> kinds_;                            // guarded by mutex_
    std::map<kube::Ref, std::set<std::pair<plan::UnitId, plan::NameId>>> askers_;  // guarded by mutex_
    std::unordered_map<plan::UnitId, std::set<kube::Ref>> asked_;  // the same from the other end; guarded by mutex_
};

}  // namespace moontide::sync
