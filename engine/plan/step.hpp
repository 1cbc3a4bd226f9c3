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
    bool verbatim = true;  ///< the server keeps the content as it was sent: it adds no defaults and rewrites nothing
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
    bool overwrites = false;  ///< somebody else's, with another content
};

/// Server-side apply: the fields that the policy names are ours, others stay.
struct Apply {
    TargetKey target;
    Uid uid = {};                                ///< of the object judged; none where it must not exist
    kube::ResourceVersion resource_version = 0;  ///< 0: it must not exist
    bool force = false;                          ///< what others say of our fields does not count
    Making making = Making::made;
    bool look_first = false;  ///< as with Create; of what is to be joined nothing is sent before it was seen
    bool takes_over = false;  ///< what others wrote so far becomes ours first, so that what we do not name goes
    /// The hash of our fields as they are, where the claim says that they are as wanted: the server may have written
    /// them in its own way. A dry run tells whether to apply would change them.
    std::optional<Hash> doubted = {};
};

/// Our marks go, the object stays; of a part its fields too.
struct Release {
    TargetKey target;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
    bool managed = true;  ///< of a part: the server knows its fields
    bool lists = false;   ///< of a part: it has elements in lists that are written whole
};

/// With uid and resourceVersion as preconditions.
struct Delete {
    TargetKey target;
    Uid uid;
    kube::ResourceVersion resource_version = 0;
};

/// Writes nothing: a GET tells what is there, and what that shows is judged anew.
struct Look {
    TargetKey target;
};

using Step = std::variant<Create, Replace, Apply, Release, Delete, Look>;

std::string_view name(const Step& step);  ///< "create", as metrics and logs have it
const TargetKey& target(const Step& step);

}  // namespace moontide::plan
