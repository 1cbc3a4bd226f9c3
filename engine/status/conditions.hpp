// The status that an owner is to have: conditions made of its report, and what its policy says laid over them.
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
#pragma once

#include "base/clock.hpp"
#include "policy/report.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace moontide::status {

/// What the policy's `status` function came to.
struct Said {
    nlohmann::json fields = nlohmann::json::object();  ///< conditions among them may have type and what differs alone
    std::string error = {};                            ///< file:line and why it failed; the last fields stay then
    bool dated = false;                                ///< it depends on when copies were written
};

/// What etcd and the API server take without trouble; whole lists up to this, then the first ones of the longest.
inline constexpr std::size_t most_status_bytes = 256 * 1024;

/// Ready; Reconciling and Stalled while they are true; DatabaseReady where the report has a store. `observedGeneration`
/// is the report's generation once a pass is settled, and what the policy says stays as it was while one is under way.
/// `previous` is the status as it is (an object, or null); conditions of types that are neither made here, nor said,
/// nor among `of_policy` are somebody else's and stay. A condition's lastTransitionTime moves with its status alone.
nlohmann::json status_of(const policy::Report& report, const Said& said, const nlohmann::json& previous,
                         const std::set<std::string>& of_policy, WallTime now);

/// Whether they say the same: order of fields and of conditions does not count, nor do fields that are null.
bool says_the_same(const nlohmann::json& left, const nlohmann::json& right);

/// The types of its conditions.
std::set<std::string> condition_types(const nlohmann::json& status);

}  // namespace moontide::status
