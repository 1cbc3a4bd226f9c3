// What a policy that does not run any more left in a cluster: marks on copies, finalizers on owners.
#pragma once

#include "base/result.hpp"
#include "kube/blocking.hpp"
#include "kube/resource.hpp"
#include "plan/claim.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace moontide::cli {

/// A copy, or the part that a policy has in somebody else's object.
struct LeftCopy {
    kube::Resource resource;
    kube::Ref ref;
    plan::Bond bond;
    std::string part;  ///< its id; empty: the object is ours whole
};

/// An owner that carries the finalizer of its policy.
struct LeftOwner {
    kube::Resource resource;
    kube::Ref ref;
    std::string uid;
    std::string finalizer;
    bool terminating = false;
};

/// Asks the API server and waits for its answers; one thread.
class LeftBehind {
public:
    /// `note` is told what could not be looked at: a kind that may not be read, an API that is down.
    LeftBehind(kube::Blocking& api, std::string instance, std::function<void(std::string)> note)
        : api_(api), instance_(std::move(instance)), note_(std::move(note)) {}

    /// Everything in the cluster with a claim of the instance for the very place where it is, of all namespaced kinds
    /// that can be listed and patched. A clone of a copy is its user's.
    Result<std::vector<LeftCopy>> copies();
    /// The owners of that kind with the finalizer; none where the kind is not installed.
    Result<std::vector<LeftOwner>> owners(const kube::Kind& kind, const std::string& finalizer);

    /// Takes our marks off, or our part out of the object. What is gone, or not ours any more, is fine.
    Result<void> release(const LeftCopy& copy);
    /// Takes the finalizer off.
    Result<void> let_go(const LeftOwner& owner);

private:
    /// Waits and asks again while the server is too busy.
    Result<kube::Answer> ask(const kube::Call& call);
    /// Of /api/v1 or /apis/<group>/<version>; none where it is not served.
    Result<std::vector<kube::Resource>> resources(const std::string& path);
    Result<std::vector<kube::Resource>> all_resources();
    /// Each item of all pages, its metadata alone. One that may not be listed is noted.
    Result<void> each(const kube::Resource& resource, std::string_view query,
                      const std::function<void(const nlohmann::json&)>& item);
    void add_claims(const kube::Resource& resource, const nlohmann::json& object, std::vector<LeftCopy>& copies) const;
    /// One try; false: something came between.
    Result<bool> try_release(const LeftCopy& copy);
    Result<bool> try_let_go(const LeftOwner& owner);

    kube::Blocking& api_;
    std::string instance_;
    std::vector<std::string> clusters_;  ///< the marks by which claims may name this one
    std::function<void(std::string)> note_;
};

}  // namespace moontide::cli
