// The marks on a copy that prove who owns it, for which source, in which place, of which instance.
#pragma once

#include "kube/object.hpp"
#include "kube/resource.hpp"
#include "plan/identity.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::plan {

namespace marks {
inline constexpr std::string_view managed_by = "app.kubernetes.io/managed-by";  ///< "moontide"
inline constexpr std::string_view instance = "moontide.dev/instance";
inline constexpr std::string_view owner = "moontide.dev/owner";
inline constexpr std::string_view claim = "moontide.dev/claim";
inline constexpr std::string_view part = "moontide.dev/part";               ///< the instance, on what was only joined
inline constexpr std::string_view part_claim = "part.moontide.dev/";        ///< and the part's id: its claim
inline constexpr std::string_view part_lists = "lists.part.moontide.dev/";  ///< and the part's id: its list elements
}  // namespace marks

/// For whom a copy is: the part of a claim that every copy of a unit has in common.
struct Bond {
    std::string policy;
    kube::Ref owner;  ///< empty where the source is its own owner
    std::string owner_uid;
    kube::Ref source;  ///< empty where `group` says it
    std::string source_uid;
    std::string group;

    /// Names the unit: equal for the same policy, owner and source or group, whatever their uids.
    std::string key() const;
    /// The value of moontide.dev/owner: uid of the owner, else of the source, else a hash of the policy and group.
    std::string owner_label() const;
    bool operator==(const Bond&) const = default;
};

/// Where a copy is: a claim for another place is a clone's, not ours.
struct Place {
    std::string cluster;  ///< the uid of the namespace kube-system
    std::string namespace_name;
    std::string name;

    bool operator==(const Place&) const = default;
};

/// Only what was made is deleted; what was taken over is released, and of what was joined a part is ours.
enum class Making { made, taken, joined };

/// Whether these annotations have the claim of a part, readable or not.
template <typename Annotations>
bool has_part(const Annotations& annotations) {
    return std::ranges::any_of(annotations, [](const auto& one) { return one.first.starts_with(marks::part_claim); });
}

/// Names a unit's part among the parts of an object, and its field manager: 32 hex digits.
std::string part_id(std::string_view instance, const Bond& bond);

/// The annotation moontide.dev/claim: canonical JSON (keys sorted, no blanks) on one line,
///   {"annotations":["example.com/source"],"group":"…","hash":"<32 hex>","instance":"…",
///    "labels":[…],"owner":{"apiVersion","kind","name","namespace","uid"},"place":{"cluster","name","namespace"},
///    "policy":"…","source":{…},"state":"made","writes":"fields"}
/// where `labels` and `annotations` name the keys that are ours beside the engine's marks (so that what others put on
/// a copy can be told from what we did, and a key that is no longer wanted can be taken off), and what is empty is
/// left out; `writes` is there where not the whole content is ours. The claims of parts are annotations of their own,
/// one for each part, so that each goes with its part.
struct Claim {
    std::string instance;  ///< whose: the value of moontide.dev/instance, kept here since a label is easily lost
    Bond bond;
    Place place;
    Making making = Making::made;
    policy::Writes writes = policy::Writes::whole;
    Hash hash;  ///< of the content last written
    std::vector<std::string> labels;
    std::vector<std::string> annotations;

    std::string text() const;
    /// Nothing where the text is no claim.
    static std::optional<Claim> parse(std::string_view text);
    /// An object's, where it carries one.
    static std::optional<Claim> of(const kube::Metadata& object);
};

}  // namespace moontide::plan
