// The controllers of CustomResourceDefinitions: names, establishment, cleanup; and what is served for them.
#pragma once

#include "base/clock.hpp"
#include "sandbox/store.hpp"
#include "sandbox/writes.hpp"

#include <functional>
#include <set>
#include <string>

namespace moontide::sandbox {

/// Follows the store as any watcher does. Used by the store's thread.
class Definitions {
public:
    Definitions(Store& store, Kinds& kinds, Writes& writes, const Clock& clock)
        : store_(store),
          kinds_(kinds),
          writes_(writes),
          clock_(clock),
          kind_(*kinds.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")) {}

    /// Does what the events since the last call ask for; true where it changed something.
    bool work();

private:
    void look();
    void tend(const RecordPtr& record);
    bool accept_names(const RecordPtr& record, const Json& object);
    void serve(const Json& object);
    void clean_up(const RecordPtr& record, const Json& object);
    Written change_status(const RecordPtr& record, const std::function<void(Json&)>& change);

    Store& store_;
    Kinds& kinds_;
    Writes& writes_;
    const Clock& clock_;
    const KindRow& kind_;
    Version position_ = 0;
    std::set<std::string> due_;       ///< definitions to be looked at
    std::set<std::string> emptying_;  ///< whose instances are being deleted
};

}  // namespace moontide::sandbox
