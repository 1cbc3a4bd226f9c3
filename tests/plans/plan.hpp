// A plan: what users do and what goes wrong meanwhile, as data that can be drawn, kept, replayed and shrunk.
#pragma once

#include "base/result.hpp"
#include "sandbox/faults.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::plans {

using sandbox::Json;

enum class What {
    source_make,
    source_edit,
    source_note,  ///< an annotation that means nothing
    source_mark,
    source_unmark,
    source_remove,
    space_make,  ///< waits for one that is going
    space_in,
    space_out,
    space_remove,
    copy_edit,  ///< copies: whatever is in that place, somebody else's object too
    copy_remove,
    copy_clone,    ///< to the space `to`, under its name or another
    copy_note,     ///< a label of others
    copy_unlabel,  ///< our labels
    copy_unclaim,  ///< our claim; the policy's mark stays
    copy_strip,    ///< all of ours: it is the user's from then on
    copy_fix,      ///< immutable
    plant,         ///< somebody's object where a copy belongs
    plant_marked,  ///< one that carries the policy's mark, as the controller that is replaced leaves it
    owner_make,    ///< what it asks for is drawn by the action's value
    owner_edit,
    owner_remove,
    records_refuse,  ///< the mirrors' database: connections are cut, and none is taken
    records_take,    ///< it does again
    records_cut,
    engine_start,
    engine_stop,
    engine_kill,
    engine_restart,  ///< killed and started
    rest,            ///< waits until all is as it should be; under faults, for a moment
};

enum class Load { small, big, binary, immutable, empty };

struct Action {
    What what = What::rest;
    std::string space = {};
    std::string name = {};
    std::string to = {};
    Load load = Load::small;
    std::uint64_t value = 0;  ///< tells one content from another

    bool operator==(const Action&) const = default;
};

/// The scene. In those with owners a source that is marked has the label that owners select, and a space that asks has
/// theirs.
enum class Policy {
    annotation_sync,  ///< an object with its mark and without a claim of ours is taken over
    refuse,           ///< the same policy with existing = "refuse": such an object is somebody's
    configmap_syncer,
    config_mirror,
    pod_configmap,  ///< sources are pods, in the spaces
};

struct Plan {
    std::uint64_t seed = 0;
    Policy policy = Policy::annotation_sync;
    std::vector<Action> actions;
    sandbox::FaultPlan faults;
    bool quiet_restart = false;  ///< a restart at the end, which must write nothing
};

std::string_view word(What what);
std::string_view word(Policy policy);
std::optional<Policy> policy_named(std::string_view word);
/// On one line for each action and each fault.
std::string text(const Plan& plan);
Result<Plan> parse_plan(std::string_view json);

}  // namespace moontide::plans
