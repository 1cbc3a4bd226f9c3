#include "plan.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace moontide::plans {

namespace {

constexpr std::array<std::pair<What, std::string_view>, 31> WORDS = {{
    {What::source_make, "source-make"},
    {What::source_edit, "source-edit"},
    {What::source_note, "source-note"},
    {What::source_mark, "source-mark"},
    {What::source_unmark, "source-unmark"},
    {What::source_remove, "source-remove"},
    {What::space_make, "space-make"},
    {What::space_in, "space-in"},
    {What::space_out, "space-out"},
    {What::space_remove, "space-remove"},
    {What::copy_edit, "copy-edit"},
    {What::copy_remove, "copy-remove"},
    {What::copy_clone, "copy-clone"},
    {What::copy_note, "copy-note"},
    {What::copy_unlabel, "copy-unlabel"},
    {What::copy_unclaim, "copy-unclaim"},
    {What::copy_strip, "copy-strip"},
    {What::copy_fix, "copy-fix"},
    {What::plant, "plant"},
    {What::plant_marked, "plant-marked"},
    {What::owner_make, "owner-make"},
    {What::owner_edit, "owner-edit"},
    {What::owner_remove, "owner-remove"},
    {What::records_refuse, "records-refuse"},
    {What::records_take, "records-take"},
    {What::records_cut, "records-cut"},
    {What::engine_start, "engine-start"},
    {What::engine_stop, "engine-stop"},
    {What::engine_kill, "engine-kill"},
    {What::engine_restart, "engine-restart"},
    {What::rest, "rest"},
}};

constexpr std::array<std::pair<Load, std::string_view>, 5> LOADS = {{
    {Load::small, "small"},
    {Load::big, "big"},
    {Load::binary, "binary"},
    {Load::immutable, "immutable"},
    {Load::empty, "empty"},
}};

constexpr std::array<std::pair<Policy, std::string_view>, 5> POLICIES = {{
    {Policy::annotation_sync, "annotation-sync"},
    {Policy::refuse, "refuse"},
    {Policy::configmap_syncer, "configmap-syncer"},
    {Policy::config_mirror, "config-mirror"},
    {Policy::pod_configmap, "pod-configmap"},
}};

template <typename Table, typename Value>
std::string_view word_in(const Table& table, Value value) {
    for (const auto& [each, word] : table) {
        if (each == value) return word;
    }
    return "?";
}

template <typename Value, typename Table>
Value value_in(const Table& table, const std::string& word) {
    for (const auto& [value, each] : table) {
        if (each == word) return value;
    }
    throw std::runtime_error(fmt::format("there is no \"{}\"", word));
}

Json json_of(const Action& action) {
    Json json = {{"do", word(action.what)}};
    if (!action.space.empty()) json["space"] = action.space;
    if (!action.name.empty()) json["name"] = action.name;
    if (!action.to.empty()) json["to"] = action.to;
    if (action.load != Load::small) json["load"] = word_in(LOADS, action.load);
    if (action.value > 0) json["value"] = action.value;
    return json;
}

Action action_of(const Json& json) {
    return {.what = value_in<What>(WORDS, json.at("do").get<std::string>()),
            .space = json.value("space", ""),
            .name = json.value("name", ""),
            .to = json.value("to", ""),
            .load = value_in<Load>(LOADS, json.value("load", "small")),
            .value = json.value("value", std::uint64_t{0})};
}

}  // namespace

std::string_view word(What what) {
    return word_in(WORDS, what);
}

std::string_view word(Policy policy) {
    return word_in(POLICIES, policy);
}

std::optional<Policy> policy_named(std::string_view word) {
    for (const auto& [policy, each] : POLICIES) {
        if (each == word) return policy;
    }
    return std::nullopt;
}

std::string text(const Plan& plan) {
    std::string text = fmt::format(R"({{"seed": {}, "policy": "{}", "quiet_restart": {},)", plan.seed,
                                   word_in(POLICIES, plan.policy), plan.quiet_restart);
    text += "\n \"actions\": [";
    const char* between = "\n  ";
    for (const auto& action : plan.actions) {
        text += between + json_of(action).dump();
        between = ",\n  ";
    }
    const auto faults = sandbox::to_json(plan.faults);
    text += fmt::format("],\n \"faults\": {{\"seed\": {}, \"rules\": [", plan.faults.seed);
    between = "\n  ";
    for (const auto& rule : faults.value("rules", Json::array())) {
        text += between + rule.dump();
        between = ",\n  ";
    }
    return text + "]}}\n";
}

Result<Plan> parse_plan(std::string_view json) {
    try {
        const auto tree = Json::parse(json);
        Plan plan;
        plan.seed = tree.value("seed", std::uint64_t{0});
        plan.policy = value_in<Policy>(POLICIES, tree.value("policy", "annotation-sync"));
        plan.quiet_restart = tree.value("quiet_restart", false);
        for (const auto& action : tree.at("actions")) plan.actions.push_back(action_of(action));
        if (tree.contains("faults")) plan.faults = TRY(sandbox::parse_fault_plan(tree.at("faults").dump()));
        return plan;
    } catch (const std::exception& error) {
        return fail(fmt::format("the plan cannot be read: {}", error.what()));
    }
}

}  // namespace moontide::plans
