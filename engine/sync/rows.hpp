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

/// Called by worker threads, left() by the io thread too; must not wait. Copies never depend on it. When an answer of
/// it would be another one, it calls owner_stirred() for the owner.
class Rows {
public:
    virtual ~Rows() = default;

    /// Of an owner, as of its last pass.
    struct Sources {
        std::vector<kube::ObjectPtr> there;
        /// Not there as far as is known, which is no proof yet: what is recorded of them stays.
        std::vector<kube::Ref> unproven;
    };

    /// `secret` leads to the database, nothing: no records are wanted. Called after each pass of an owner whose policy
    /// has a `store`, the owner's finalizer being on it; by one thread at a time for an owner.
    virtual void keep(const Unit& owner, const std::optional<kube::Ref>& secret, const Sources& sources) = 0;
    /// The owner is being deleted, and its copies are gone. Nothing: its rows are gone too, or it had none; else what
    /// that waits for. `secret` as above, of the owner as it is now.
    virtual std::optional<std::string> left(const Unit& owner, const std::optional<kube::Ref>& secret) = 0;
    /// Nothing: it keeps none, or cannot say yet.
    virtual std::optional<policy::Report::Store> state(const Unit& owner) = 0;
    /// What state() says is about to be another thing, in a moment: a status waits for it.
    virtual bool is_busy(const Unit& owner) = 0;
    /// The owner is not there. Where that is proven its rows go.
    virtual void forget(const Unit& owner) = 0;

    /// Nothing more is written; from now on state() says what it said. Returns at once.
    virtual void close() = 0;
    /// After close(): within 2 s nothing of it runs any more.
    virtual void join() = 0;
};

}  // namespace moontide::sync
