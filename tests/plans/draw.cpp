#include "draw.hpp"

#include <array>
#include <initializer_list>
#include <random>
#include <span>
#include <utility>

namespace moontide::plans {

namespace {

using sandbox::Fault;

/// The standard says what mt19937_64 gives, and leaves its distributions to each library.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <typename Value>
    Value pick(std::initializer_list<Value> values) {
        return *(values.begin() + below(values.size()));
    }
    template <typename Value>
    Value pick_weighted(std::span<const std::pair<Value, unsigned>> values) {
        std::uint64_t sum = 0;
        for (const auto& [value, weight] : values) sum += weight;
        auto left = below(sum);
        for (const auto& [value, weight] : values) {
            if (left < weight) return value;
            left -= weight;
        }
        return values.back().first;
    }

private:
    std::mt19937_64 engine_;
};

using Weighted = std::pair<What, unsigned>;

constexpr std::array<Weighted, 25> USES = {{
    {What::source_make, 10},  {What::source_edit, 14},  {What::source_note, 2},  {What::source_mark, 4},
    {What::source_unmark, 4}, {What::source_remove, 6}, {What::space_make, 8},   {What::space_in, 7},
    {What::space_out, 6},     {What::space_remove, 4},  {What::copy_edit, 8},    {What::copy_remove, 7},
    {What::copy_clone, 4},    {What::copy_note, 2},     {What::copy_unlabel, 4}, {What::copy_unclaim, 2},
    {What::copy_strip, 3},    {What::copy_fix, 3},      {What::plant, 6},        {What::plant_marked, 3},
    {What::engine_start, 5},  {What::engine_stop, 3},   {What::engine_kill, 3},  {What::engine_restart, 5},
    {What::rest, 18},
}};

constexpr std::array<std::pair<Load, unsigned>, 5> LOADS = {
    {{Load::small, 70}, {Load::big, 2}, {Load::binary, 12}, {Load::immutable, 12}, {Load::empty, 4}}};

Action draw_action(Dice& dice, std::uint64_t value) {
    Action action;
    action.what = dice.pick_weighted<What>(USES);
    switch (action.what) {
        case What::source_make:
        case What::source_edit:
            action.load = dice.pick_weighted<Load>(LOADS);
            action.value = value;
            [[fallthrough]];
        case What::source_note:
        case What::source_mark:
        case What::source_unmark:
        case What::source_remove:
            action.name = dice.pick({"a", "a", "b", "c"});
            break;
        case What::space_make:
        case What::space_in:
        case What::space_out:
        case What::space_remove:
            action.space = dice.pick({"red", "blue", "green", "grey"});
            break;
        case What::copy_clone:
            action.to = dice.pick({"red", "blue", "green", "grey"});
            [[fallthrough]];
        case What::copy_edit:
        case What::copy_remove:
        case What::copy_note:
        case What::copy_unlabel:
        case What::copy_unclaim:
        case What::copy_strip:
        case What::copy_fix:
        case What::plant:
        case What::plant_marked:
            action.space = dice.pick({"red", "red", "blue", "green", "grey"});
            action.name = dice.pick({"a", "a", "b", "c"});
            action.value = value;
            break;
        case What::owner_make:
        case What::owner_edit:
        case What::owner_remove:
        case What::records_refuse:
        case What::records_take:
        case What::records_cut:
        case What::engine_start:
        case What::engine_stop:
        case What::engine_kill:
        case What::engine_restart:
        case What::rest:
            break;
    }
    return action;
}

constexpr std::array<std::pair<Fault, unsigned>, 20> FAULTS = {{
    {Fault::delay_before, 3}, {Fault::delay_after, 3}, {Fault::drop_before, 3},   {Fault::drop_after, 3},
    {Fault::reset_before, 3}, {Fault::reset_after, 3}, {Fault::freeze_before, 2}, {Fault::freeze_after, 2},
    {Fault::mute, 1},         {Fault::duplicate, 2},   {Fault::truncate, 2},      {Fault::answer_before, 8},
    {Fault::answer_after, 3}, {Fault::refuse, 1},      {Fault::stale, 3},         {Fault::expire_continue, 1},
    {Fault::end_watch, 4},    {Fault::cut_watch, 4},   {Fault::error_event, 3},   {Fault::lose_bookmark, 1},
}};

const std::vector<std::string> WRITES = {"create", "update", "patch", "delete"};
const std::vector<std::string> READS = {"get", "list", "watch"};

bool is_of_watches(Fault fault) {
    return fault == Fault::end_watch || fault == Fault::cut_watch || fault == Fault::error_event ||
           fault == Fault::lose_bookmark;
}

sandbox::FaultRule draw_rule(Dice& dice) {
    sandbox::FaultRule rule;
    rule.fault = dice.pick_weighted<Fault>(FAULTS);
    rule.match.clients = {"moontide"};
    rule.match.resources = {"configmaps", "namespaces"};
    if (is_of_watches(rule.fault)) {
        rule.match.verbs = {"watch"};
    } else if (rule.fault == Fault::stale) {
        rule.match.verbs = {"list", "watch"};
    } else if (rule.fault == Fault::expire_continue) {
        rule.match.verbs = {"list"};
    } else {
        rule.match.verbs = dice.chance(70) ? WRITES : READS;
    }
    // A rule of reads that always holds would leave the engine blind, and the plan without a story.
    if (dice.chance(30)) {
        rule.nth = 1 + dice.below(6);
    } else {
        rule.probability = static_cast<double>(20 + dice.below(60)) / 100;
        if (dice.chance(50)) rule.times = 1 + dice.below(6);
    }
    rule.delay = Milliseconds(5 + dice.below(60));
    rule.duration = Milliseconds(20 + dice.below(130));
    rule.event = dice.below(4);
    rule.behind = dice.below(12);
    rule.bytes = dice.below(200);
    rule.status = 503;
    if (rule.fault == Fault::answer_before) {
        rule.status = dice.pick({401, 403, 404, 409, 410, 429, 500, 503, 504});
    } else if (rule.fault == Fault::answer_after) {
        rule.status = dice.pick({500, 503, 504});
    } else if (rule.fault == Fault::error_event) {
        rule.status = dice.pick({410, 500});
    }
    return rule;
}

}  // namespace

Plan draw(std::uint64_t seed) {
    Dice dice(seed);
    Plan plan;
    plan.seed = seed;
    plan.actions = {{.what = What::space_make, .space = "red"},
                    {.what = What::space_make, .space = "blue"},
                    {.what = What::source_make, .name = "a", .value = 1}};
    plan.actions.insert(plan.actions.begin() + static_cast<std::ptrdiff_t>(dice.below(plan.actions.size() + 1)),
                        {.what = What::engine_start});
    const auto size = 10 + dice.below(21);
    while (plan.actions.size() < size) plan.actions.push_back(draw_action(dice, plan.actions.size()));
    plan.faults.seed = seed;
    if (dice.chance(80)) {
        const auto count = 1 + dice.below(3);
        for (std::uint64_t index = 0; index < count; ++index) plan.faults.rules.push_back(draw_rule(dice));
    }
    plan.quiet_restart = dice.chance(30);
    if (dice.chance(25)) plan.policy = Policy::refuse;
    if (plan.policy == Policy::refuse) {
        // Without marks to look for, an engine that starts cannot find a copy without our labels that nothing asks for.
        for (auto& action : plan.actions) {
            if (action.what == What::copy_unlabel) action.what = What::copy_note;
        }
    }
    return plan;
}

namespace {

constexpr std::array<Weighted, 26> OWNED_USES = {{
    {What::owner_make, 12},    {What::owner_edit, 12},  {What::owner_remove, 8}, {What::source_make, 8},
    {What::source_edit, 10},   {What::source_note, 1},  {What::source_mark, 4},  {What::source_unmark, 5},
    {What::source_remove, 6},  {What::space_make, 6},   {What::space_in, 4},     {What::space_out, 4},
    {What::space_remove, 3},   {What::copy_edit, 6},    {What::copy_remove, 5},  {What::copy_clone, 3},
    {What::copy_note, 2},      {What::copy_unclaim, 1}, {What::copy_strip, 2},   {What::plant, 5},
    {What::plant_marked, 2},   {What::engine_start, 5}, {What::engine_stop, 3},  {What::engine_kill, 3},
    {What::engine_restart, 5}, {What::rest, 18},
}};

/// Of a hundred actions of mirrors so many are their database's.
constexpr unsigned OF_RECORDS = 10;

constexpr std::array<std::pair<Load, unsigned>, 4> OWNED_LOADS = {
    {{Load::small, 75}, {Load::binary, 10}, {Load::immutable, 10}, {Load::empty, 5}}};

/// The bits that say what an owner asks for.
std::uint64_t draw_wish(Dice& dice) {
    return dice.below(1U << 24U);
}

Action draw_owned_action(Dice& dice, Policy policy, std::uint64_t value) {
    if (policy == Policy::config_mirror && dice.chance(OF_RECORDS)) {
        return {.what = dice.pick({What::records_refuse, What::records_take, What::records_take, What::records_cut})};
    }
    Action action;
    action.what = dice.pick_weighted<What>(OWNED_USES);
    action.value = value;
    action.space = dice.pick({"red", "red", "blue", "green"});
    action.name = policy == Policy::configmap_syncer ? dice.pick({"a", "a", "a", "b", "c", "s", "s"})
                                                     : dice.pick({"a", "a", "b", "c"});
    action.to = dice.pick({"one", "one", "two", "three"});
    if (action.what == What::source_make || action.what == What::source_edit) {
        action.load = dice.pick_weighted<Load>(OWNED_LOADS);
    }
    if (action.what == What::copy_clone) action.to = dice.pick({"red", "blue", "green"});
    // What is asked for is drawn here, so that a plan says it.
    if (action.what == What::owner_make || action.what == What::owner_edit) action.value = draw_wish(dice);
    const bool of_engine = action.what == What::engine_start || action.what == What::engine_stop ||
                           action.what == What::engine_kill || action.what == What::engine_restart ||
                           action.what == What::rest;
    return of_engine ? Action{.what = action.what} : action;
}

std::vector<std::string> resources_of(Policy policy) {
    switch (policy) {
        case Policy::configmap_syncer:
            return {"configmaps", "secrets", "namespaces", "configmapsyncers", "configmapsyncers/status"};
        case Policy::config_mirror:
            return {"configmaps", "secrets", "namespaces", "configmirrors", "configmirrors/status"};
        case Policy::pod_configmap:
            return {"configmaps", "namespaces", "podconfigmapconfigs", "podconfigmapconfigs/status", "pods"};
        case Policy::annotation_sync:
        case Policy::refuse:
            break;
    }
    return {"configmaps", "namespaces"};
}

}  // namespace

Plan draw(Policy policy, std::uint64_t seed) {
    if (policy == Policy::annotation_sync || policy == Policy::refuse) return draw(seed);
    Dice dice(seed);
    Plan plan;
    plan.seed = seed;
    plan.policy = policy;
    plan.actions = {{.what = What::space_make, .space = "red"},
                    {.what = What::space_make, .space = "blue"},
                    {.what = What::source_make, .space = "red", .name = "a", .value = 1},
                    {.what = What::owner_make, .space = "red", .to = "one", .value = draw_wish(dice)}};
    plan.actions.insert(plan.actions.begin() + static_cast<std::ptrdiff_t>(dice.below(plan.actions.size() + 1)),
                        {.what = What::engine_start});
    const auto size = 10 + dice.below(21);
    while (plan.actions.size() < size) plan.actions.push_back(draw_owned_action(dice, policy, plan.actions.size()));
    plan.faults.seed = seed;
    if (dice.chance(80)) {
        const auto count = 1 + dice.below(3);
        for (std::uint64_t index = 0; index < count; ++index) {
            plan.faults.rules.push_back(draw_rule(dice));
            plan.faults.rules.back().match.resources = resources_of(policy);
        }
    }
    plan.quiet_restart = dice.chance(30);
    return plan;
}

std::string name_of_draw(const Plan& plan) {
    const auto number = std::to_string(plan.seed);
    const bool has_owners = plan.policy != Policy::annotation_sync && plan.policy != Policy::refuse;
    return has_owners ? std::string(word(plan.policy)) + "/" + number : number;
}

std::optional<Plan> draw_named(const std::string& name) {
    const auto slash = name.find('/');
    const auto number = slash == std::string::npos ? name : name.substr(slash + 1);
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const auto policy = slash == std::string::npos ? Policy::annotation_sync : policy_named(name.substr(0, slash));
    if (!policy) return std::nullopt;
    return draw(*policy, std::stoull(number));
}

}  // namespace moontide::plans
