// The garbage collector: objects whose owners are gone go too; foreground and orphan deletion.
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/
#pragma once

#include "sandbox/store.hpp"
#include "sandbox/writes.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace moontide::sandbox {

/// Follows the store as any watcher does. Used by the store's thread.
class Collector {
public:
    Collector(Store& store, const Kinds& kinds, Writes& writes) : store_(store), kinds_(kinds), writes_(writes) {}

    /// Does what the events since the last call ask for; true where it changed something.
    bool work();

private:
    void look();
    void learn(const RecordPtr& before, const RecordPtr& after, bool gone);
    RecordPtr current(const Key& key) const;
    void collect(const RecordPtr& record);
    void release(const RecordPtr& owner);
    void wait_for_dependents(const RecordPtr& owner);
    void end_pod(const RecordPtr& pod);
    /// The object without references to these owners.
    void drop_references(const RecordPtr& record, const std::set<std::string>& uids);
    void drop_finalizer(const RecordPtr& record, const std::string& finalizer);

    Store& store_;
    const Kinds& kinds_;
    Writes& writes_;
    Version position_ = 0;
    std::map<std::string, Key> alive_;                 ///< by uid
    std::map<std::string, std::set<Key>> dependents_;  ///< by the owner's uid
    std::set<Key> due_;                                ///< to be looked at
};

}  // namespace moontide::sandbox
