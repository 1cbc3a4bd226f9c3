// What is to be done to one target; each step proves what it overwrites.
#pragma once

#include "plan/claim.hpp"
#include "plan/content_hash.hpp"
#include "plan/identity.hpp"
#include "plan/record.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moontide::plan {

/// What the copies of one evaluation of a unit have in common. Immutable, shared by its steps.
struct Wish {
    UnitId unit = 0;
    Bond bond;
    std::shared_ptr<const policy::Content> content;
    std::optional<Belonging> belonging;
    Hash hash;
    NameId keys = 0;  ///< of our labels and annotations, as Record::keys
    policy::Existing existing = policy::Existing::refuse;
    policy::Writes writes = policy::Writes::whole;
};

/// POST; never lands on an existing object.
struct Create {
    TargetKey target;
    bool look_first = false;  ///< an object that is not ours was there before: a GET tells whether it still is
};

/// The content becomes ours whole: PUT, or a JSON Patch where others have marks on the copy.
struct Replace {
    TargetKey target;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
    Making making = Making::made;
    bool plain = false;       ///< nothing of others is on it
    bool same_keys = false;   ///< the claim lists the keys that the wish has: none is to be taken off
    bool takes_over = false;  ///< the controller that the policy replaces made it: what it left goes
};

/// Server-side apply: the fields that the policy names are ours, others stay.
struct Apply {
    TargetKey target;
    kube::ResourceVersion resource_version = 0;  ///< 0: it must not exist
    bool force = false;
    Making making = Making::made;
};

/// Our marks go, the object stays.
struct Release {
    TargetKey target;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
};

/// With uid and resourceVersion as preconditions.
struct Delete {
    TargetKey target;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
};

using Step = std::variant<Create, Replace, Apply, Release, Delete>;

std::string_view name(const Step& step);  ///< "create", as metrics and logs have it
const TargetKey& target(const Step& step);

}  // namespace moontide::plan
