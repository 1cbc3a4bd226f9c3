// What keeps records of copies outside of the cluster, as the engine sees it.
#pragma once

#include "kube/object.hpp"
#include "kube/resource.hpp"
#include "policy/report.hpp"
#include "sync/units.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moontide::sync {

/// Called by worker threads; must not wait. Copies never depend on it. When an answer of it would be another one, it
/// calls owner_stirred() for the owner.
class Rows {
public:
    virtual ~Rows() = default;

    /// The sources of an owner, all of them, as of the last pass; `secret` leads to the database, nothing: no records
    /// are wanted. Called after each pass of an owner whose policy has a `store`, the owner's finalizer being on it.
    virtual void keep(const Unit& owner, const std::optional<kube::Ref>& secret,
                      const std::vector<kube::ObjectPtr>& sources) = 0;
    /// The owner is being deleted, and its copies are gone. Nothing: its rows are gone too, or it had none; else what
    /// that waits for. `secret` as above, of the owner as it is now.
    virtual std::optional<std::string> left(const Unit& owner, const std::optional<kube::Ref>& secret) = 0;
    /// Nothing: it keeps none.
    virtual std::optional<policy::Report::Store> state(const Unit& owner) = 0;
    /// The owner has gone.
    virtual void forget(const Unit& owner) = 0;
};

}  // namespace moontide::sync
